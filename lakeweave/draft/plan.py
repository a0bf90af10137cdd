"""What a sentence asks for, before any SQL."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Condition:
    """One comparison. ``operator`` is one of :data:`OPERATORS`; ``values`` has none for a test of NULL."""

    column: str
    operator: str
    values: tuple[str | float, ...] = ()

    def text(self) -> str:
        """The comparison as SQL writes it, for people."""
        shown = [f"'{value}'" if isinstance(value, str) else f"{value:g}" for value in self.values]
        if self.operator in ("is null", "is not null"):
            return f"{self.column} {self.operator}"
        if self.operator == "in":
            return f"{self.column} in ({', '.join(shown)})"
        return f"{self.column} {self.operator} {shown[0]}"


OPERATORS = ("=", "<>", "<", "<=", ">", ">=", "in", "is null", "is not null")


@dataclass(frozen=True)
class Filter:
    """Rows that are left out, or that alone are kept. The conditions are joined by ``joiner``: ``and`` or ``or``."""

    conditions: tuple[Condition, ...]
    joiner: str = "and"
    keeps: bool = False

    def text(self) -> str:
        """``without email is null``."""
        return ("only " if self.keeps else "without ") + f" {self.joiner} ".join(one.text() for one in self.conditions)


@dataclass(frozen=True)
class Aggregate:
    """A measure that the sentence spells out: a function over a column."""

    function: str
    column: str
    name: str


@dataclass(frozen=True)
class Flag:
    """A boolean column."""

    name: str
    condition: Condition


@dataclass
class Plan:
    """What a sentence asks for, and what of it was not understood."""

    sentence: str
    target: str = ""
    """``silver.users``: layer and relation."""
    base: str = ""
    joins: list[str] = field(default_factory=list)
    key: str = ""
    newest: str = ""
    """The column whose greatest value decides which row of a key is kept."""
    casts: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    by: list[str] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    """Names of columns and of known measures."""
    aggregates: list[Aggregate] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)

    @property
    def layer(self) -> str:
        """``silver`` or ``gold``."""
        return self.target.partition(".")[0]

    @property
    def relation(self) -> str:
        """The relation without its layer."""
        return self.target.partition(".")[2]

    @property
    def model(self) -> str:
        """The name of the model: silver models carry their layer, gold models do not."""
        return f"silver_{self.relation}" if self.layer == "silver" else self.relation

    def lines(self) -> list[str]:
        """The plan for people, one item a line; a part that was not understood begins with ``?``."""
        lines = []
        if self.target and self.base:
            lines.append(f"{self.target} from {self.base}" + (f" with {', '.join(self.joins)}" if self.joins else ""))
        if self.key:
            lines.append(f"one row per {self.key}" + (f", newest {self.newest}" if self.newest else ""))
        if self.by:
            lines.append("by " + ", ".join(self.by))
        lines += [f"{column} as {kind}" for column, kind in self.casts.items()]
        lines += [
            f"{column}: " + ", ".join(f"{old} is {new}" for old, new in values.items())
            for column, values in self.values.items()
        ]
        lines += [f"{column} {case}" for column, case in self.cases.items()]
        lines += [one.text() for one in self.filters]
        lines += [f"without column {column}" for column in self.dropped]
        lines += [f"{old} named {new}" for old, new in self.renamed.items()]
        if self.include:
            lines.append("include " + ", ".join(self.include))
        lines += [f"{one.function} of {one.column} as {one.name}" for one in self.aggregates]
        lines += [f"flag {flag.name} when {flag.condition.text()}" for flag in self.flags]
        return lines + [f"? {part}" for part in self.not_understood]
