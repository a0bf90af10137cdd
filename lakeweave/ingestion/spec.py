"""The description of one source, as the materialization hands it over."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field
from typing import Any

from lakeweave.errors import UserError
from lakeweave.ingestion.names import snake_case

POLICIES = ("evolve", "freeze", "discard_row")
HEADERS = ("auto", "yes", "no")


@dataclass(frozen=True)
class PositionalLayout:
    """The columns, in order, of header-less files whose relative path matches ``pattern``."""

    pattern: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How to read one file: everything of a source that does not say where the file is.

    ``columns`` are the declared columns in order; ``None`` takes the header of the file as it is. A file without a column of
    ``key`` is held, whatever the layout policy is.
    """

    columns: tuple[str, ...] | None = None
    layout_policy: str = "evolve"
    layouts: tuple[PositionalLayout, ...] = ()
    header: str = "auto"
    delimiter: str | None = None
    encoding: str | None = None
    aliases: tuple[tuple[str, str], ...] = ()
    max_rejected_share: float | None = None
    sheet: str | None = None
    key: tuple[str, ...] = ()
    max_record_chars: int | None = None


@dataclass(frozen=True)
class Spec:
    """One source: where its files are, how they are read and where they are staged."""

    source: str
    folder: str
    schema: str
    table: str
    ledger: str
    reading: Reading
    archive: str | None = None
    patterns: tuple[str, ...] = ("*",)
    reload: bool = False
    release: bool = False
    batch_bytes: int = 512 << 20
    extra: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def parse(text: str | None, function: str = "lakeweave_plan") -> Spec:
        """Parse the JSON of a spec; raises :class:`UserError` that names every problem at once."""
        try:
            given = json.loads(text or "")
        except ValueError as error:
            raise UserError(
                f"The argument of {function} is not valid JSON ({error}); pass the spec of a source."
            ) from None
        if not isinstance(given, dict):
            raise UserError(f"The argument of {function} is a JSON {type(given).__name__}; expected an object.")
        return _Parser(given).spec()


class _Parser:
    """Collects all problems of a spec before it complains."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.problems: list[str] = []

    def text(self, key: str, default: str | None = None, *, required: bool = False) -> Any:
        value = self.given.get(key, default)
        if value is None and not required:
            return default
        if not isinstance(value, str) or (required and not value):
            self.problems.append(f"`{key}` is {value!r}, expected a text")
            return default or ""
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.given.get(key) or choices[0]
        if value not in choices:
            self.problems.append(f"`{key}` is {value!r}, expected one of {', '.join(choices)}")
            return choices[0]
        return value

    def texts(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            self.problems.append(f"`{key}` is {value!r}, expected a list of texts with at least one")
            return ()
        return tuple(value)

    def spec(self) -> Spec:
        given = self.given
        columns = self.texts("columns", given.get("columns"))
        seen: dict[str, str] = {}
        for column in columns:
            key = snake_case(column)
            if key in seen:
                self.problems.append(f"`columns` has {seen[key]!r} and {column!r}, which are the same name")
            seen[key] = column
        layouts = []
        for i, layout in enumerate(given.get("layouts") or []):
            if not isinstance(layout, dict) or not isinstance(layout.get("pattern"), str):
                self.problems.append(f"`layouts[{i}]` is {layout!r}, expected {{'pattern': …, 'columns': […]}}")
                continue
            layouts.append(
                PositionalLayout(layout["pattern"], self.texts(f"layouts[{i}].columns", layout.get("columns")))
            )
        aliases = given.get("aliases") or {}
        if not isinstance(aliases, dict) or not all(isinstance(v, str) for v in aliases.values()):
            self.problems.append(f"`aliases` is {aliases!r}, expected an object of old name: declared name")
            aliases = {}
        for old, new in aliases.items():
            if snake_case(new) not in seen:
                self.problems.append(f"`aliases` names {new!r} for {old!r}, which is not one of `columns`")
        key_columns = given.get("key") or []
        key_columns = (
            self.texts("key", [key_columns] if isinstance(key_columns, str) else key_columns) if key_columns else ()
        )
        for column in key_columns:
            if column not in columns:
                self.problems.append(f"`key` names {column!r}, which is not one of `columns`")
        delimiter = self.text("delimiter")
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            self.problems.append(f"`delimiter` is {delimiter!r}, expected one character that is no quote or line end")
        encoding = self.text("encoding")
        if encoding is not None:
            try:
                codecs.lookup(encoding)
            except LookupError:
                self.problems.append(f"`encoding` is {encoding!r}, which Python does not know")
        share = given.get("max_rejected_share")
        if share is not None and (isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1):
            self.problems.append(f"`max_rejected_share` is {share!r}, expected a number from 0 to 1, or null")
            share = None
        longest = given.get("max_record_chars")
        if longest is not None and (isinstance(longest, bool) or not isinstance(longest, int) or longest < 1):
            self.problems.append(f"`max_record_chars` is {longest!r}, expected a number of characters, or null")
            longest = None
        batch_bytes = given.get("batch_bytes") or 512 << 20
        if isinstance(batch_bytes, bool) or not isinstance(batch_bytes, int) or batch_bytes < 1:
            self.problems.append(f"`batch_bytes` is {batch_bytes!r}, expected a number of bytes")
            batch_bytes = 512 << 20
        patterns = given.get("patterns")
        spec = Spec(
            source=self.text("source", required=True),
            folder=self.text("folder", required=True),
            schema=self.text("schema", required=True),
            table=self.text("table", required=True),
            ledger=self.text("ledger", required=True),
            archive=self.text("archive"),
            patterns=("*",) if patterns is None else self.texts("patterns", patterns),
            reload=bool(given.get("reload")),
            release=bool(given.get("release")),
            batch_bytes=batch_bytes,
            reading=Reading(
                columns=columns,
                layout_policy=self.one_of("layout_policy", POLICIES),
                layouts=tuple(layouts),
                header=self.one_of("header", HEADERS),
                delimiter=delimiter,
                encoding=encoding,
                aliases=tuple(sorted(aliases.items())),
                max_rejected_share=share,
                sheet=self.text("sheet"),
                key=tuple(key_columns),
                max_record_chars=longest,
            ),
        )
        if self.problems:
            name = given.get("source") or "of no name"
            raise UserError(
                f"The spec of source {name} has {len(self.problems)} problem(s): {'; '.join(self.problems)}."
            )
        return spec
