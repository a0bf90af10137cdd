"""The careful reader of JSON: an array of objects, objects one after another, or one object to a line.

Each element is a record. A number keeps the digits it was written with, a nested value is kept as JSON text, and
``null`` is NULL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from lakeweave.errors import FileHeld
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.batch import BATCH_CHARS, BATCH_RECORDS, BATCH_VALUES, Batch
from lakeweave.ingestion.encoding import BAD, shown
from lakeweave.ingestion.jsoncount import ObjectCounter
from lakeweave.ingestion.jsonvalues import DECODER, CutOff, JsonValues, NoElement, Number, Pairs
from lakeweave.ingestion.layout import MAX_COLUMNS, LayoutChange, declared_names, frozen_message, keyless_message
from lakeweave.ingestion.lines import Lines
from lakeweave.ingestion.names import RESERVED, snake_case, unique_names
from lakeweave.ingestion.spec import Reading


def to_text(value: Any) -> str | None:
    """A value as the text that is staged: NULL for ``null``, JSON text for what is nested."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _dump(value)


def _dump(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_dump(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


_COUNTED_AT_ONCE = 1 << 20
_SPACES = re.compile(r"[ \t\r\n]*")
_FIRST_KEY = re.compile(r'\s*\{\s*"([^"\\]*)"\s*:')


class JsonReader:
    """Reads JSON (``format`` ``json`` or ``jsonl``) into batches of accepted records.

    ``size`` says how many bytes a text is in the file, ``skipped`` is the length of the byte order mark before the text.
    """

    def __init__(
        self,
        chunks: Iterator[str],
        form: str,
        reading: Reading,
        account: FileAccount,
        size: Callable[[str], int] = len,
        skipped: int = 0,
    ) -> None:
        self._chunks = chunks
        self._size = size
        self._offset = skipped
        self._by_line = form == "jsonl"
        self._reading = reading
        self.account = account
        self._declared = list(reading.columns or ())
        self._known = declared_names(reading)
        self._exact = {snake_case(c): c for c in self._declared}
        self._targets: dict[tuple[str, int], str | None] = {}
        self._seen: set[str] = set()
        self._last: Pairs | None = None
        self._renamed: set[str] = set()
        self.columns: list[str] = list(self._declared)

    def batches(self) -> Iterator[Batch]:
        """All accepted records in file order; ``columns`` may have grown from one batch to the next."""
        numbers: list[int] = []
        rows: list[dict[str, str]] = []
        chars = 0
        if self._offset:
            self.account.skip("byte_order_mark", self._offset, 0, 1)
        values = self._lines() if self._by_line else self._values()
        for value, raw, line in values:
            row = self._record(value, raw, line)
            if row is not None:
                numbers.append(self.account.records)
                rows.append(row)
                chars += len(raw)
            n = len(rows)
            if n >= BATCH_RECORDS or n * len(self.columns) >= BATCH_VALUES or chars >= BATCH_CHARS:
                yield self._batch(numbers, rows)
                numbers, rows, chars = [], [], 0
        self._missing()
        if rows:
            yield self._batch(numbers, rows)

    def _batch(self, numbers: list[int], rows: list[dict[str, str]]) -> Batch:
        columns = list(self.columns)
        return Batch(columns, numbers, [[r.get(c) for c in columns] for r in rows])  # type: ignore[misc]

    # ---------------------------------------------------------------- values

    def _lines(self) -> Iterator[tuple[Any, str, int]]:
        lines = Lines(self._chunks)
        counter, objects = ObjectCounter(), 0
        good: list[str] = []
        chars = 0
        while lines.at < len(lines.window) or lines.more():
            (line,) = lines.pass_over(1)
            text = line.lstrip("\ufeff\x1e")  # joined files, and the sequences of RFC 7464
            for mark in line[: len(line) - len(text)]:
                self._skip("json_punctuation" if mark == "\x1e" else "byte_order_mark", mark, lines.number)
            if not text.strip():
                self.account.blank_lines += 1
                if text:
                    self._skip("blank_line", text, lines.number)
                continue
            for value, raw in self._on_one_line(text):
                if isinstance(value, Pairs):
                    objects += 1
                    good.append(raw)
                    chars += len(raw)
                if chars > _COUNTED_AT_ONCE:
                    counter.feed("\n".join(good))
                    good, chars = [], 0
                yield value, raw, lines.number
            self.account.record_lines += 1
        counter.feed("\n".join(good))
        self.account.lines = lines.total
        self._reconcile(objects, counter.objects)

    def _skip(self, reason: str, text: str, line: int) -> None:
        size = self._size(text)
        self.account.skip(reason, size, self._offset, line)
        self._offset += size

    def _on_one_line(self, text: str) -> list[tuple[Any, str]]:
        """The values of one line: one, or several objects where a line end is lost between them."""
        whole = self._parse(text)
        if not isinstance(whole, json.JSONDecodeError) or not whole.msg.startswith("Extra data"):
            return [(whole, text)]
        found: list[tuple[Any, str]] = []
        at = 0
        while at < len(text):
            try:
                value, end = DECODER.raw_decode(text, _SPACES.match(text, at).end())  # type: ignore[union-attr]
            except (ValueError, RecursionError):
                return [(whole, text)]
            if not isinstance(value, Pairs):
                return [(whole, text)]
            end = _SPACES.match(text, end).end()  # type: ignore[union-attr]
            found.append((value, text[at:end]))
            at = end
        return found

    @staticmethod
    def _parse(text: str) -> Any:
        try:
            return DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            return error

    def _values(self) -> Iterator[tuple[Any, str, int]]:
        """Values of an array, or values one after another.

        Lines are not the unit here, one array may well be one line: all of them count as lines of records.
        """
        values = JsonValues(self._chunks, self._fits, self._surely, self._size)
        cut_reject = False
        for value in values:
            if isinstance(value.value, Pairs):
                self._last = value.value
            cut_reject = isinstance(value.value, CutOff)
            yield value.value, value.raw, value.line
        if values.cut and not cut_reject:
            yield CutOff("The array is not closed"), "", values.lines
        self.account.lines = self.account.record_lines = values.lines
        if values.between:
            self.account.skip("json_punctuation", values.between)
        self._reconcile(values.objects, values.counter.objects)
        if values.cut and self.account.records == self.account.rejected:
            raise FileHeld(
                "corrupt_file", "The JSON array is not closed, and no element of it is whole: the file is cut off."
            )

    def _reconcile(self, read: int, counted: int) -> None:
        account = self.account
        account.counted_by, account.counted_records = "objects", counted + account.records - read
        if read != counted:
            raise FileHeld(
                "counts_do_not_reconcile",
                f"{read} objects were read, and a count of the brackets finds {counted} in what is valid JSON.",
            )

    def _fits(self, pairs: list[tuple[str, object]], broken: str) -> bool:
        """Whether an object has most of the keys of a record: the declared ones, or those of the last record.

        The first key of the ``broken`` element before it is among them: else it is the rest of that element.
        """
        names = {self._canonical(key) for key, _ in pairs}
        wanted = set(self._exact) or {self._canonical(key) for key, _ in self._last or ()}
        found = _FIRST_KEY.match(broken)
        first = self._canonical(found[1]) if found else None
        if not wanted:
            return bool(names) and (first is None or first in names)
        return len(names & wanted) * 2 > len(wanted) and (first not in wanted or first in names)

    def _surely(self, pairs: list[tuple[str, object]], broken: str) -> bool:
        """Whether an object has the keys of the last record, and that record has no such object inside."""
        last = self._last
        keys = [key for key, _ in pairs]
        return last is not None and keys == [key for key, _ in last] and not _holds(keys, [v for _, v in last])

    # --------------------------------------------------------------- records

    def _record(self, value: Any, raw: str, line: int) -> dict[str, str] | None:
        account = self.account
        account.records += 1
        number = account.records
        # A comma without an element is counted with what is between the elements.
        size = 0 if isinstance(value, NoElement) else self._size(raw)
        self._offset += size

        def reject(reason: str, message: str, column: str | None = None) -> None:
            account.rejected_bytes += size
            account.reject(number, line, shown(raw).strip(), reason, message, column, size)

        if BAD.search(raw):
            nul = BAD.search(raw).group() == "\0"  # type: ignore[union-attr]
            if nul:
                reject("nul_byte", "The record holds a NUL byte.")
            else:
                reject("undecodable_bytes", f"The record holds bytes that are not valid {account.encoding}.")
            return None
        if isinstance(value, CutOff):
            reject("unexpected_end", f"The file ends here, where it has to go on ({value}); it may be cut off.")
            return None
        if isinstance(value, NoElement):
            reject("invalid_json", str(value))
            return None
        if isinstance(value, Exception):
            reject(
                "invalid_json",
                f"The text is not valid JSON: {value}." if str(value) else "The text is nested too deeply.",
            )
            return None
        if not isinstance(value, Pairs):
            reject("not_an_object", f"The record is a JSON {_kind(value)}, expected an object.")
            return None
        row: dict[str, str] = {}
        occurrences: dict[str, int] = {}
        for key, v in value:
            name = self._canonical(key)
            nth = occurrences[name] = occurrences.get(name, -1) + 1
            try:
                text = to_text(v)
            except RecursionError:
                reject("invalid_json", "A value is nested too deeply.", shown(key))
                return None
            if text is not None and BAD.search(text):
                if "\0" in text:
                    reject("nul_byte", "A value holds a NUL character.", shown(key))
                else:
                    reject("undecodable_bytes", "A value holds half a surrogate pair.", shown(key))
                return None
            target = self._target(key, name, nth)
            if target is None:
                if text and self._reading.layout_policy == "discard_row":
                    message = f"The record has the value {text[:100]!r} in the undeclared column {shown(key)!r}."
                    reject("unexpected_column", message, shown(key))
                    return None
                continue
            if text is not None:
                row[target] = text
            self._seen.add(target)
        account.record_bytes += size
        return row

    def _canonical(self, key: str) -> str:
        """The normalised name of ``key``, that of its declared column if it is an alias of one."""
        name = snake_case(key)
        return snake_case(self._known[name]) if name in self._known else name

    def _target(self, key: str, name: str, nth: int) -> str | None:
        """The column that the ``nth`` value called ``name`` in a record goes to; a new one is recorded once."""
        column = self._exact.get(name)
        if column is not None and nth == 0 and name != snake_case(key) and key not in self._renamed:
            self._renamed.add(key)
            self._change(column, "renamed", "matched by alias", f"Key {shown(key)!r} is read as {column!r}.")
        if (name, nth) in self._targets:
            return self._targets[name, nth]
        if column is not None and nth == 0:
            self._targets[name, nth] = column
            return column
        declared = self._reading.columns is not None
        policy = self._reading.layout_policy
        taken = {t for t in self._targets.values() if t}
        (new,) = unique_names([name], {*taken, *self._exact, *RESERVED, *(c.lower() for c in self._declared)})
        if len(self.columns) >= MAX_COLUMNS:
            raise FileHeld("too_many_columns", f"The records have more than {MAX_COLUMNS} different keys.")
        if declared:
            change = "empty_name" if not key.strip() else "duplicate" if nth else "added"
            action = {"evolve": "column added", "freeze": "file held", "discard_row": "records with a value rejected"}[
                policy
            ]
            what = "is not declared" if change == "added" else f"is called {new!r}"
            self._change(new, change, action, f"Key {shown(key)!r} {what}.")
        if declared and policy != "evolve":
            self._targets[name, nth] = None
            return None
        self._targets[name, nth] = new
        self.columns.append(new)
        return new

    def _change(self, column: str | None, change: str, action: str, message: str) -> None:
        self.account.changes.append(LayoutChange(column, change, self._reading.layout_policy, action, message))

    def _missing(self) -> None:
        if self._reading.columns is None or not self.account.records:
            return
        policy = self._reading.layout_policy
        for column in self._declared:
            if column not in self._seen:
                action = "file held" if policy == "freeze" or column in self._reading.key else "filled with null"
                self._change(column, "missing", action, f"No record of the file has the key {column!r}.")
        if message := keyless_message(self.account.changes, self._reading):
            raise FileHeld("key_column_missing", message)
        if policy == "freeze" and (message := frozen_message(self.account.changes)):
            raise FileHeld("layout_frozen", message)
        accepted = self.account.records - self.account.rejected
        if accepted and len(self._seen & set(self._declared)) * 2 < len(self._declared):
            keys = ", ".join(sorted({repr(shown(k)) for k, _ in self._targets})[:12])
            raise FileHeld(
                "header_mismatch",
                f"The records share fewer than half of the declared columns: found the keys {keys}, "
                f"expected {', '.join(map(repr, self._declared[:12]))}.",
            )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Number):
        return "number"
    return {bool: "boolean", str: "string", list: "array"}.get(type(value), type(value).__name__)


def _holds(keys: list[str], values: list[Any]) -> bool:
    """Whether an object with these ``keys`` is somewhere in ``values``."""
    for value in values:
        if isinstance(value, Pairs):
            if [k for k, _ in value] == keys or _holds(keys, [v for _, v in value]):
                return True
        elif isinstance(value, list) and _holds(keys, value):
            return True
    return False
