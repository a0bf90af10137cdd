"""A key that a server repeats, in every form and at every place, is in nothing that the backend gives back."""

from __future__ import annotations

import base64
import html
import json
import logging
import urllib.parse
from collections.abc import Callable, Iterator

import pytest

from lakeweave.inference.answers import FAILED, OK, RETRYABLE, UNSENT, Answers
from lakeweave.inference.config import Settings
from lakeweave.inference.text_openai import OpenAIBackend
from lakeweave.scrubbing import MASK, Scrubber
from tests.python.duckdb.inference_project import openai
from tests.python.fakes.raw_server import CLOSE, RawServer, as_json, completion, http

KEY = "sk-marker/0123+4567=89AB&cdef"
#: What must not be found: the key, and every part of it that could give it away.
PARTS = [KEY[start : start + 8] for start in range(0, len(KEY) - 7)]
FORMS = {
    "plain": KEY,
    "bearer": f"Bearer {KEY}",
    "percent": urllib.parse.quote(KEY, safe=""),
    "form": urllib.parse.quote_plus(KEY).lower(),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64, one on": base64.b64encode(f"x{KEY}y".encode()).decode(),
    "base64, two on": base64.urlsafe_b64encode(f"xy{KEY}".encode()).decode(),
    "JSON's escapes": "".join(f"\\u{ord(character):04x}" for character in KEY),
    "JSON's slash": KEY.replace("/", "\\/"),
    "HTML": KEY.replace("&", "&amp;").replace("+", "&#43;"),
    "hexadecimal": KEY.encode().hex(),
    "over lines": "\n".join(KEY[n : n + 5] for n in range(0, len(KEY), 5)),
    "with blanks": " ".join(KEY),
    "with zero width": "\u200b".join(KEY),
    "with controls": KEY[:9] + "\x00" + KEY[9:],
    "lines in JSON": "\\n".join(KEY[n : n + 7] for n in range(0, len(KEY), 7)),
}


def leaks(text: str) -> list[str]:
    """The forms and parts of the key that are in ``text``, whatever stands between its letters."""
    compact = "".join(character for character in text if character.isprintable() and not character.isspace())
    opened = urllib.parse.unquote(compact)
    hidden = [form for form in FORMS.values() if form in text]
    coded = [
        part for part in (base64.b64encode(KEY.encode()).decode()[:16], KEY.encode().hex()[:16]) if part in compact
    ]
    return hidden + coded + [part for part in PARTS if part in compact or part in opened]


@pytest.mark.parametrize(
    "encode",
    [
        str,
        urllib.parse.quote,
        urllib.parse.quote_plus,
        repr,
        json.dumps,
        html.escape,
        lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
        lambda text: "".join(f"&#{ord(character)};" for character in text),
        lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
        lambda text: base64.b64encode(text.encode()).decode(),
    ],
)
def test_a_password_with_blanks_and_quotes_is_scrubbed_in_every_form(encode: Callable[[str], str]) -> None:
    password = "correct horse's \\ + battery"
    said = Scrubber([password]).status(f"FATAL: {encode(password)} was refused")
    assert "***" in said
    assert encode(password).strip("'\"") not in said
    assert "battery" not in said


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", [0, 270, 290, 299, 5000])
def test_a_text_is_scrubbed_in_every_form(form: str, before: int) -> None:
    scrubbed = Scrubber([KEY]).status("y" * before + " " + FORMS[form] + " z")
    assert leaks(scrubbed) == []
    assert MASK in scrubbed


RAW = KEY.encode()
#: Forms that are found, and for which the whole text is replaced if they cannot be cut out.
ENCODED = {
    "percent twice": urllib.parse.quote(urllib.parse.quote(KEY, safe=""), safe=""),
    "percent in JSON": json.dumps(urllib.parse.quote(json.dumps({"key": KEY}))),
    "JSON in JSON": json.dumps(json.dumps({"key": KEY})),
    "HTML twice": html.escape(html.escape(KEY)),
    "entities twice": "".join(f"&amp;#{ord(character)};" for character in KEY),
    "escapes twice": "".join(f"\\\\u{ord(character):04x}" for character in KEY),
    "long escapes": "".join(f"\\U{ord(character):08x}" for character in KEY),
    "escapes in braces": "".join(f"\\u{{{ord(character):x}}}" for character in KEY),
    "bytes": "".join(f"\\x{code:02x}" for code in RAW),
    "octal": "".join(f"\\{code:03o}" for code in RAW),
    "percent u": "".join(f"%u{ord(character):04x}" for character in KEY),
    "quoted-printable": "".join(f"={code:02X}" for code in RAW),
    "soft breaks": KEY[:9] + "=\r\n" + KEY[9:],
    "base64 twice": base64.b64encode(base64.b64encode(RAW)).decode(),
    "base64 with escaped breaks": "\\r\\n".join(base64.b64encode(RAW).decode()[n : n + 9] for n in range(0, 40, 9)),
    "base64 of UTF-16": base64.b64encode(KEY.encode("utf-16-le")).decode(),
    "base32": base64.b32encode(b"Bearer " + RAW).decode(),
    "hexadecimal with colons": RAW.hex(":"),
    "hexadecimal numbers": ", ".join(hex(code) for code in RAW),
    "hexadecimal of UTF-16": KEY.encode("utf-16-be").hex(),
    "a dump": "\n".join(f"{n:08x}  {RAW[n : n + 8].hex(' ')}" for n in range(0, len(RAW), 8)),
    "numbers": str(list(RAW)),
    "letters": json.dumps(list(KEY)),
    "parts": "' + '".join(KEY[n : n + 6] for n in range(0, len(KEY), 6)),
    "full width": "".join(chr(ord(character) + 0xFEE0) for character in KEY),
    "marks between": "\ufe0f".join(KEY),
    "another direction": "\u202e".join(KEY),
    "colours": KEY[:9] + "\x1b[1;31m" + KEY[9:],
    "tags": KEY[:9] + "<em class='a'>" + KEY[9:],
    "Markdown": KEY[:9] + "**" + KEY[9:],
    "reversed": KEY[::-1],
}


@pytest.mark.parametrize("form", ENCODED)
def test_an_encoding_within_an_encoding_is_found(form: str) -> None:
    scrubbed = Scrubber([KEY]).answer("y" * 290 + "\n" + ENCODED[form] + "\n z")
    assert MASK in scrubbed
    assert ENCODED[form] not in scrubbed
    assert leaks(scrubbed) == []


def test_no_plain_text_is_taken_for_a_secret() -> None:
    scrubber = Scrubber([KEY, "my-database-1", "correct horse battery"])
    for text in (
        "the database my_database_2 = '%41' does not exist",
        "100 % of <b>all</b> &amp; \\n\\x41 = 0x41 ''",
        "correct: horse, batteries",
    ):
        assert scrubber.status(text) == text


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(lambda prompt, attempt: []) as running:
        yield running


def echoes(form: str) -> dict[str, list]:
    long = "y" * 280 + form
    return {
        "answer": [as_json(completion(f"Your key is {form}."))],
        "reasoning": [as_json(completion("fine", reasoning_content=f"The key is {form}"))],
        "thought": [as_json(completion(f"<think>{form}</think>fine"))],
        "refusal": [as_json(completion(None, refusal=long))],
        "finish": [as_json(completion("fine", f"because of {form}"))],
        "model": [as_json(completion("fine", top_model=form))],
        "400": [as_json({"error": {"message": long}}, 400)],
        "401": [as_json({"error": {"message": f"invalid api key {form}"}}, 401)],
        "500": [as_json({"error": long}, 500)],
        "error in 200": [as_json({"error": {"message": long, "type": "overloaded_error"}})],
        "HTML": [http(f"<html><title>{form}</title></html>".encode(), 502)],
        "no HTTP": [form.encode() + b"\r\n", CLOSE],
        "redirect": [http(b"", 302, {"Location": "https://x.example/?key=" + urllib.parse.quote(KEY, safe="")})],
        "text": [http(long.encode(), 503)],
    }


@pytest.mark.parametrize("place", echoes(""))
def test_no_echo_of_the_key_comes_back(
    server: RawServer, place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MARKED_KEY", KEY)
    settings = Settings.read({"text": openai(server.base_url, tries=1, api_key_env="MARKED_KEY")}).text
    caplog.set_level(logging.DEBUG)
    for form in FORMS.values():
        server.script = lambda prompt, attempt, form=form: echoes(form)[place]
        answer = OpenAIBackend(settings).answer(["p"], {})[0]
        assert f"Bearer {KEY}" in server.heads[-1], "the key is sent"
        stored = Answers.of([answer]).to_arrow()[0].as_py()
        assert leaks(json.dumps(stored, ensure_ascii=False) + " " + " ".join(str(v) for v in stored.values())) == []
        assert stored["state"] in (OK, FAILED, RETRYABLE, UNSENT)
        if place == "answer":
            assert stored["response"].startswith("Your key is")
            assert MASK in stored["response"]
    assert leaks(caplog.text) == []


def test_a_placeholder_is_a_word_in_an_answer() -> None:
    for key in ("ollama", "lm-studio", "none", "short"):
        said = f"I run {key} here."
        assert Scrubber([key]).answer(said) == said
        assert key not in Scrubber([key]).status(said)
    assert Scrubber([None, ""]).answer("text") == "text"
