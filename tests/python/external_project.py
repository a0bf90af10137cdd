"""A project of four external sources and a model that reads them all, for every engine that reads files itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[2]

COLUMNS = [{"name": "id", "data_type": "int64"}, {"name": "name", "data_type": "string"}]
HEADER = {"skip_leading_rows": 1}

TABLES = {
    "by_name": {
        "location": "gcp/shop/by_name/", "file_format": "csv",
        "options": HEADER | {"source_column_match": "NAME", "allow_quoted_newlines": True},
    },
    "by_place": {
        "location": "gs://lakeweave-landing/shop/by_place/*", "file_format": "csv",
        "options": HEADER | {"field_delimiter": ";", "null_marker": "-"},
    },
    "lines": {"location": "aws/shop/lines/*.jsonl", "file_format": "jsonl", "connection": "us-east4.lakeweave-aws"},
    "days": {"location": "gcp/shop/days/*", "file_format": "parquet", "partitions": [{"name": "day", "data_type": "date"}]},
}  # fmt: skip


class Project:
    """A project of four sources and a model that reads them."""

    def __init__(self, root: Path, profile: dict[str, Any] | str, one_order: bool = False) -> None:
        self.root, self.tables = root, {name: dict(block) for name, block in TABLES.items()}
        self.one_order = one_order
        (root / "models").mkdir(parents=True)
        (root / "macros").symlink_to(ROOT / "macros")
        project = {
            "name": "lakeweave", "version": "0.1.0", "profile": "lakeweave",
            "on-run-start": ["{{ lakeweave.prepare_externals() }}"], "vars": {"landing_path": str(root / "landing")},
        }  # fmt: skip
        (root / "profiles.yml").write_text(profile if isinstance(profile, str) else yaml.safe_dump(profile))
        (root / "dbt_project.yml").write_text(yaml.safe_dump(project))
        reads = [f"select '{name}' as source, id, name from {{{{ source('shop', '{name}') }}}}" for name in TABLES]
        (root / "models" / "everything.sql").write_text("\nunion all\n".join(reads))
        self.files()
        self.write()

    def files(self) -> None:
        shop = self.root / "landing" / "gcp" / "shop"
        for folder in ("by_name/2026/01", "by_place", "days/day=2026-01-01", "days/day=2026-01-02"):
            (shop / folder).mkdir(parents=True)
        (shop / "by_name" / "a.csv").write_text('id,name\n1,"two\nlines"\n')
        (shop / "by_name" / "2026" / "01" / "b.csv").write_text(
            "id,name\n2,other way round\n" if self.one_order else "name,id\nother way round,2\n"
        )
        (shop / "by_place" / "a.csv").write_text("Number;What it is called\n3;semi,colon\n4;-\n")
        for day, number in (("01", 5), ("02", 6)):
            place = shop / "days" / f"day=2026-01-{day}" / "x.parquet"
            duckdb.sql(f"select {number} as id, 'of a day' as name").write_parquet(str(place))
        lines = self.root / "landing" / "aws" / "shop" / "lines"
        lines.mkdir(parents=True)
        (lines / "a.jsonl").write_text('{"id": 7, "name": "a line"}\n{"id": 8}\n')

    def write(self) -> None:
        tables = [
            {"name": name, "description": f"It's {name}.", "external": block, "columns": COLUMNS}
            for name, block in self.tables.items()
        ]
        sources = {"version": 2, "sources": [{"name": "shop", "schema": "shop", "tables": tables}]}
        (self.root / "models" / "_sources.yml").write_text(yaml.safe_dump(sources, sort_keys=False))


ROWS = [
    ("by_name", 1, "two\nlines"), ("by_name", 2, "other way round"), ("by_place", 3, "semi,colon"), ("by_place", 4, None),
    ("days", 5, "of a day"), ("days", 6, "of a day"), ("lines", 7, "a line"), ("lines", 8, None),
]  # fmt: skip
"""What the model `everything` has."""
