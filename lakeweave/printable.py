"""Text that was delivered, made safe to print: in a log line, on a terminal, in a message to people."""

from __future__ import annotations


def printable(value: object, longest: int = 500, lines: bool = False) -> str:
    r"""``value`` as text in which nothing can move a cursor, begin a line or hide a letter.

    Control and format characters, line breaks, directions of writing and bytes that are no text are written as escapes
    (``\x1b``, ``\n``, ``\u202e``, ``\udcff``). What is longer than ``longest`` characters is cut and marked.
    With ``lines`` a line feed stays, for text of several lines that is printed as such.
    """
    text = str(value)
    cut = f"… ({len(text)} characters)" if len(text) > longest else ""
    return "".join(_escaped(char, lines) for char in text[:longest]) + cut


def _escaped(char: str, lines: bool) -> str:
    if char.isprintable() or (lines and char == "\n"):
        return char
    return char.encode("unicode_escape").decode("ascii")
