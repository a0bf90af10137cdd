"""Pictures and documents that go with a prompt.

A question with a file comes from an engine as one text, the JSON array ``[prompt, address]``. The file is read when its
question is sent, and goes to the server as a data URL. A file that cannot be sent costs nothing: no request is made.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import os
from dataclasses import dataclass
from typing import Any

#: How the first bytes of a file name its type. The name of a file is asked only where they do not.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
)


class CannotBeSent(Exception):
    """The file cannot go to the server; the message is the status. ``may_pass``: another run may find it."""

    def __init__(self, message: str, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, and the path of the file that goes with it."""

    prompt: str
    path: str


def question_of(given: str) -> tuple[str | None, str | None]:
    """The prompt and the address of a question with a file."""
    prompt, address = json.loads(given)
    return prompt, address


def content_part(path: str, types: frozenset[str], max_bytes: int) -> dict[str, Any]:
    """The file at ``path`` as a part of a message: ``image_url`` for a picture, ``file`` for a document.

    Raises:
        CannotBeSent: the file is missing, empty or larger than ``max_bytes``, or its type is not one of ``types``.
    """
    try:
        size = os.stat(path).st_size
        if size > max_bytes:
            raise CannotBeSent(f"the file has {size} bytes; the server takes {max_bytes} (max_file_bytes)")
        with open(path, "rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise CannotBeSent("there is no such file", may_pass=True) from None
    except OSError as error:
        raise CannotBeSent(f"the file cannot be read: {error.strerror}", may_pass=True) from None
    if not content:
        raise CannotBeSent("the file is empty")
    if len(content) > max_bytes:
        raise CannotBeSent(f"the file has more than {max_bytes} bytes (max_file_bytes)")
    kind = type_of(content, path)
    if kind not in types:
        raise CannotBeSent(f"the file is {kind}; the server takes {', '.join(sorted(types))} (file_types)")
    data = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    if kind.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": data}}
    return {"type": "file", "file": {"filename": os.path.basename(path), "file_data": data}}


def type_of(content: bytes, path: str) -> str:
    """The media type of a file, by its first bytes, else by its name."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    for beginning, kind in _SIGNATURES:
        if content.startswith(beginning):
            return kind
    named = mimetypes.guess_type(path)[0] or "application/octet-stream"
    # A name says nothing against the bytes: what is called a picture and does not begin as one is none.
    is_wrong = named in {kind for _, kind in _SIGNATURES} or named == "image/webp"
    return "application/octet-stream" if is_wrong else named
