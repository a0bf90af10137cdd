"""Small files that are alike: what was found out about one is not found out again about the next.

A small file is alike one before it if it begins with the same header line and if nothing else in it could change how it
is read: no quote, escape, control character or other header, and as many delimiters in each line as in the header. How
it is read then follows from its header line alone, so that the plan of the file before it is the plan of this one. Any
other file is judged for itself.
"""

from __future__ import annotations

from lakeweave.ingestion.counting import Census, count_lines
from lakeweave.ingestion.dialects import USUAL, Dialect, TextPlan
from lakeweave.ingestion.headers import HeaderNames
from lakeweave.ingestion.layout import declared_names, shared
from lakeweave.ingestion.sniff import claims_json
from lakeweave.ingestion.spec import Reading

_OTHER = bytes(b for b in range(256) if (b < 32 and b not in b"\t\n") or b in b"\"'\\\x7f")
"""Bytes of which each needs a closer look at the whole file."""
_FEWEST = 3
"""Columns of a header from which on no line of one or two cells can be one."""


class Alike:
    """The header lines of the small files of one plan that were judged so far."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._plans: dict[bytes, tuple[TextPlan, bytes]] = {}
        known = declared_names(reading) if reading.columns else {}
        self._names = HeaderNames(known) if len(set(known.values())) >= _FEWEST and reading.header != "no" else None

    def learn(self, plan: TextPlan, head: bytes, name: str) -> None:
        """Remember how a whole small file was judged that begins with ``head``, if that follows from its header line."""
        line = head[: plan.header_bytes]
        delimiter = plan.dialect.delimiter
        if (
            self._names is not None
            and not claims_json(name)
            and plan.header == plan.cells
            and (plan.header_lines, plan.preamble_lines, plan.surplus) == (1, 0, 0)
            and not (plan.told or plan.rest or plan.positional)
            and delimiter in USUAL
            and plan.dialect == Dialect(delimiter)
            and shared(plan.cells, self._names.known) == self._names.wanted
            and all(c and c == c.strip() for c in plan.cells)
            and line.endswith(b"\n")
            and (line[:1].isalnum() or line[:1] == b"_")
            and len(line.translate(None, _OTHER)) == len(line)
            and not any(d.encode() in line for d in USUAL if d != delimiter)
        ):
            self._plans[line] = plan, delimiter.encode()

    def judge(self, data: bytes, name: str) -> tuple[TextPlan, Census] | None:
        """Plan and count of a whole file, if it is alike one that was judged; else ``None``."""
        end = data.find(b"\n") + 1
        found = self._plans.get(data[:end])
        if found is None or self._names is None or claims_json(name):
            return None
        plan, delimiter = found
        body = data[end:]
        if len(body.translate(None, _OTHER)) != len(body) or self._names.may_be_in(body):
            return None
        if not body.isascii():
            try:
                body.decode()
            except UnicodeDecodeError:
                return None
            if b"\xef\xbb\xbf" in body:
                return None
        lines = body.split(b"\n")
        if not lines[-1]:
            lines.pop()
        delimiters = len(plan.cells) - 1
        if not all(line.count(delimiter) == delimiters for line in lines):
            return None
        return plan, count_lines(data)
