"""JSON: one bad element costs one record, a truncated end is reported, and two counts that share no code agree."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakeweave.ingestion import FileAccount, Reading, accepted_records, account_file, jsonvalues
from lakeweave.ingestion.jsoncount import ObjectCounter

COLUMNS = ["id", "name", "price", "city"]


def element(number: int) -> str:
    return json.dumps({"id": number, "name": f"n {number}", "price": 1, "city": "x, {y}"})


def account(
    tmp_path: Path, text: str | bytes, name: str = "a.json", columns: list[str] | None = COLUMNS
) -> FileAccount:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return account_file(path, reading=Reading(columns=tuple(columns) if columns else None))


def ids(tmp_path: Path, columns: list[str] | None = COLUMNS) -> list[str | None]:
    return [r.get("id") for r in accepted_records(tmp_path / "a.json", columns)]


@pytest.mark.parametrize("separator", [",", ",\n", " ,\n  "])
@pytest.mark.parametrize(
    "broken",
    [
        '{"id": 777, "name": bad, "price": 1, "city": "x"}',
        '{"id": 777, "name": "bad, "price": 1, "city": "x"}',
        '{"id": 777, "name": bad", "price": 1, "city": "x"}',
        '{"id": 777, "name": "a"b", "price": 1, "city": "x"}',
        '{"id": 777, "name": "a", "price": 1, "city": "x',
        '{"id": 777, "name": "a", "price": 1, "city": "x"',
        '{"id": 777, "name": "a", "price": [1, 2, "city": "x"}',
        '{"id": 777, "name": "a", "price": [{"id": 1}, {"id": 2}}, "city": "x"}',
        '{"id": 777, "name": "a", "price": 1,, "city": "x"}',
        '{"id": 777, "name": "a\nb", "price": 1, "city": "x"}',
        '{"id": 777, "name": "\\q", "price": 1, "city": "x"}',
        '{"id": 777, "name": "a" "price": 1, "city": "x"}}',
        '"id": 777, "name": "a"',
        "bad",
        "NaN NaN",
    ],
)
def test_one_bad_element_costs_one_record(tmp_path: Path, broken: str, separator: str):
    elements = [element(n) for n in range(200)]
    elements[77] = broken
    found = account(tmp_path, "[" + separator.join(elements) + "]")
    assert found.state == "loaded", found.message
    assert ids(tmp_path) == [str(n) for n in range(200) if n != 77]
    assert found.records == found.accepted + found.rejected
    assert found.rejected in (1, 2), [r.raw_text for r in found.rejects]
    assert "".join(r.raw_text for r in found.rejects).replace(" ", "").startswith(broken[:10].replace(" ", "").strip())


def test_one_bad_token_among_60_000_elements(tmp_path: Path):
    elements = [element(n) for n in range(60_000)]
    elements[2] = elements[2].replace('"n 2"', "oops")
    found = account(tmp_path, "[" + ",".join(elements) + "]")
    assert (found.records, found.accepted, found.rejected) == (60_000, 59_999, 1)
    assert found.rejects[0].raw_text == elements[2]


def test_a_long_raw_text_is_kept_as_length_and_hash(tmp_path: Path):
    found = account(tmp_path, "[" + element(1) + ',{"id": bad, "name": "' + "x" * 3_000_000 + '"},' + element(2) + "]")
    (reject,) = found.rejects
    assert len(reject.raw_text) == 1 << 20
    assert "of 3000023 characters" in reject.message
    assert "SHA-256" in reject.message
    assert len(reject.raw_hash) == 64
    assert found.accepted == 2


@pytest.mark.parametrize(
    ("text", "accepted", "rejected"),
    [
        ("[E,\nE,\n", 2, ["unexpected_end"]),
        ("[E,E", 2, ["unexpected_end"]),
        ('[E,\n{"id": 4, "name": "b", "pri', 1, ["unexpected_end"]),
        ('[E,\n{"id": 4, "name": ', 1, ["unexpected_end"]),
        ("[E]\n[E]", 2, []),
        ("[E]\ufeff[E]", 2, []),
        ("[E]]]trailing", 1, ["invalid_json"]),
        ("[E] trailing [E]", 2, ["invalid_json"]),
        ("[E,,E,]", 2, ["invalid_json", "invalid_json"]),
        ("[E]\n,", 1, ["invalid_json"]),
        ("[E E]", 2, []),
        ("E,\nE", 2, []),
        ("E\nE", 2, []),
        ("[]", 0, []),
        ("[E, 7, null, [E]]", 1, ["not_an_object", "not_an_object", "not_an_object"]),
        ("null", 0, ["not_an_object"]),
        ("\ufeff[E]", 1, []),
    ],
)
def test_ends_and_separators(tmp_path: Path, text: str, accepted: int, rejected: list[str]):
    found = account(tmp_path, text.replace("E", element(1)))
    assert found.state == "loaded", found.message
    assert [r.reason for r in found.rejects] == rejected
    assert found.accepted + found.repeats == accepted
    assert found.records == accepted + len(rejected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty_file"),
        (" \n", "empty_file"),
        ("[", "corrupt_file"),
        ("[ {", "corrupt_file"),
        ('[{"id": 1, "na', "corrupt_file"),
        ("{}", "header_mismatch"),
    ],
)
def test_a_file_without_a_whole_record_is_held(tmp_path: Path, text: str, reason: str):
    found = account(tmp_path, text)
    assert (found.state, found.reason) == ("held", reason)


def test_values_are_kept_as_they_are_written(tmp_path: Path):
    text = (
        '[{"id": 1, "name": NaN, "price": 123456789012345678901234567890.10, "city": {"a": [1, null]}},'
        ' {"id": 2, "id": 3, "name": "x", "city": 1e999}]'
    )
    found = account(tmp_path, text)
    assert [c.change for c in found.changes] == ["duplicate"]
    first, second = accepted_records(tmp_path / "a.json", COLUMNS)
    assert list(first.values())[:4] == ["1", "NaN", "123456789012345678901234567890.10", '{"a": [1, null]}']
    assert (second["id"], second["id_1"], second["city"]) == ("2", "3", "1e999")


def test_json_lines_with_a_bad_line(tmp_path: Path):
    lines = [element(1), '{"id": 2, "name', "[" + element(9) + "]", element(3)]
    found = account(tmp_path, "\n".join(lines) + "\n", "a.jsonl")
    assert (found.format, found.accepted) == ("jsonl", 2)
    assert [r.reason for r in found.rejects] == ["invalid_json", "not_an_object"]


def test_elements_longer_than_a_chunk_and_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    long = json.dumps({"id": 2, "name": "y" * 5_000_000, "price": 1, "city": "x"})
    for middle, accepted in ((long, 3), (long.replace('"price"', "price"), 2)):
        assert account(tmp_path, f"[{element(1)},{middle},{element(3)}]").accepted == accepted
    monkeypatch.setattr(jsonvalues, "MAX_VALUE_CHARS", 1 << 20)
    held = account(tmp_path, f"[{element(1)},\n{long},{element(3)}]")
    assert (held.state, held.reason) == ("held", "corrupt_file")


@pytest.mark.parametrize("declared", [True, False])
def test_no_single_character_creates_a_phantom_record(tmp_path: Path, declared: bool):
    """Elements with nested objects, one character of one of them deleted, replaced or inserted."""
    random.seed(7)
    columns = ["id", "name", "tags", "o"] if declared else None
    for _ in range(250):
        elements = [
            json.dumps(
                {
                    "id": n,
                    "name": random.choice(["a", "b, {c}", 'x"y']),
                    "tags": [{"sku": n}, {"sku": 0}],
                    "o": {"id": 5},
                }
            )
            for n in range(random.randint(2, 9))
        ]
        at = random.randrange(len(elements))
        text = elements[at]
        place, what = random.randrange(6, len(text)), random.choice('{}[]",:x1\\ ')
        if text[place] in 'id"' and place < 8:
            continue
        elements[at] = text[:place] + random.choice([what, ""]) + text[place + random.choice([0, 1]) :]
        found = account(tmp_path, "[" + ",\n".join(elements) + "]", columns=columns)
        if found.state == "held":
            assert len(elements) == 2 or found.reason == "header_mismatch"
            continue
        others = [i for i in ids(tmp_path, columns) if i != str(at)]
        assert others == [str(n) for n in range(len(elements)) if n != at], elements[at]


# ------------------------------------------------------- the independent count


def objects_of(text: str) -> int:
    """Records of valid JSON, counted from the decoded values."""
    decoder, at, count = json.JSONDecoder(), 0, 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        count += isinstance(value, dict) or (sum(isinstance(v, dict) for v in value) if isinstance(value, list) else 0)
    return count


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\{}[],:é\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='a"\\{[', max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(JSON.filter(lambda v: not isinstance(v, int)), max_size=4), st.data())
def test_the_count_agrees_with_decoded_values(values: list[object], data: st.DataObject):
    text = "\n".join(json.dumps(v, ensure_ascii=data.draw(st.booleans())) for v in values)
    counter = ObjectCounter()
    at = 0
    while at < len(text):
        step = data.draw(st.integers(1, max(1, len(text))))
        counter.feed(text[at : at + step])
        at += step
    assert counter.objects == objects_of(text)
    assert counter.complete


def test_a_reader_that_loses_an_object_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = "[" + ",".join(map(element, range(9))) + "]"
    real = jsonvalues.JsonValues.__iter__

    def lossy(self: jsonvalues.JsonValues) -> object:
        for number, value in enumerate(real(self)):
            if number == 4:
                self.objects -= 1
                continue
            yield value

    monkeypatch.setattr(jsonvalues.JsonValues, "__iter__", lossy)
    assert account(tmp_path, text).reason == "counts_do_not_reconcile"
