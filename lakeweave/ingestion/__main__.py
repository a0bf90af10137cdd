"""``python -m lakeweave.ingestion account FILE...``: what the reader makes of files, without a database.

For a look at a delivery that was held, and to run the reader over a corpus of malformed files.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.listing import printable
from lakeweave.ingestion.progress import progress
from lakeweave.ingestion.reading import accepted_records, account_file
from lakeweave.ingestion.spec import HEADERS, POLICIES, Reading
from lakeweave.printable import printable as for_a_terminal

_TABLE = ("file", "state", "format", "encoding", "delimiter", "records", "accepted", "rejected", "repeats", "reasons")


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run the command line; returns the exit code (0 whatever the files hold, 2 if a path does not exist)."""
    parser = argparse.ArgumentParser(prog="python -m lakeweave.ingestion", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    account = commands.add_parser("account", help="say where each record of files goes")
    account.add_argument("files", nargs="+", metavar="FILE", help="files, or folders with files")
    account.add_argument(
        "--columns", help="declared columns, with commas between; default: the header of each file as it is"
    )
    account.add_argument("--header", choices=HEADERS, default="auto", help="whether files have a header")
    account.add_argument("--layout-policy", choices=POLICIES, default="evolve", help="what undeclared columns do")
    account.add_argument("--delimiter", help="the character between fields; default: found in the file")
    account.add_argument("--encoding", help="how bytes are read; default: found in the file")
    account.add_argument("--sheet", help="the sheet of a workbook; default: the only one that holds rows")
    account.add_argument("--json", action="store_true", help="one JSON object to a line instead of a table")
    account.add_argument("--rejected", action="store_true", help="also show the rejected records")
    account.add_argument(
        "--out", metavar="FOLDER", help="write the accepted records of each file to FOLDER as clean CSV"
    )
    options = parser.parse_args(arguments)
    if out is None:
        out = sys.stdout
        if hasattr(out, "reconfigure"):
            out.reconfigure(errors="backslashreplace")  # names and messages hold whatever the files hold
    missing = [f for f in options.files if not os.path.exists(f)]
    if missing:
        print(f"No such file or folder: {', '.join(missing)}.", file=sys.stderr)
        return 2
    reading = Reading(
        columns=tuple(c.strip() for c in options.columns.split(",")) if options.columns else None,
        layout_policy=options.layout_policy,
        header=options.header,
        delimiter={"\\t": "\t", "tab": "\t"}.get(options.delimiter, options.delimiter),
        encoding=options.encoding,
        sheet=options.sheet,
    )
    files = list(_files(options.files))
    if options.out:
        os.makedirs(options.out, exist_ok=True)
    rows = []
    for number, path in enumerate(progress(files, "account")):
        found = account_file(path, reading=reading, name=os.path.basename(path))
        if options.out and found.state == "loaded":
            _write(path, reading, os.path.join(options.out, f"{number:05d}_{os.path.basename(path)[:200]}.csv"))
        if options.json:
            print(json.dumps(_object(path, found, options.rejected), ensure_ascii=False), file=out)
        else:
            rows.append((path, found))
    if not options.json:
        _print_table(rows, options.rejected, out)
    return 0


def _files(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            yield from (os.path.join(folder, n) for n in sorted(names))


def _object(path: str, account: FileAccount, with_rejects: bool) -> dict[str, object]:
    result: dict[str, object] = {
        "file": printable(path),
        "file_id": account.file_id,
        "bytes": account.bytes,
        "format": account.format,
        "encoding": account.encoding,
        "delimiter": account.delimiter,
        "state": account.state,
        "reason": account.reason,
        "message": account.message,
        "columns": account.columns,
        "records": account.records,
        "accepted": account.accepted,
        "rejected": account.rejected,
        "repeats": account.repeats,
        "lines": account.lines,
        "header_lines": account.header_lines,
        "blank_lines": account.blank_lines,
        "reasons": account.by_reason(),
        "changes": [{"column_name": c.column_name, "change": c.change, "message": c.message} for c in account.changes],
    }
    if with_rejects:
        result["rejected_records"] = [
            {n: getattr(r, n) for n in ("record_number", "line_number", "reason", "column_name", "message", "raw_text")}
            for r in account.rejects
        ]
    return result


def _write(path: str, reading: Reading, target: str) -> None:
    """Write the accepted records of a file as comma separated text in UTF-8."""
    names: list[str] = []
    for record in accepted_records(path, reading=reading):
        names += [n for n in record if n not in names]
    with open(target, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        for record in accepted_records(path, reading=reading):
            writer.writerow([record.get(n) or "" for n in names])


def _print_table(rows: list[tuple[str, FileAccount]], with_rejects: bool, out: TextIO) -> None:
    lines = [_TABLE]
    for path, a in rows:
        reasons = a.reason if a.state == "held" else ", ".join(f"{r} {n}" for r, n in a.by_reason().items())
        delimiter = {None: "", "\t": "tab"}.get(a.delimiter, a.delimiter) or ""
        numbers = (str(a.records), str(a.accepted), str(a.rejected), str(a.repeats))
        lines.append((_shown(path), a.state, a.format or "", a.encoding or "", delimiter, *numbers, reasons or ""))
    widths = [max(len(line[i]) for line in lines) for i in range(len(_TABLE))]
    for line in lines:
        print("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip(), file=out)
    if with_rejects:
        for path, a in rows:
            for r in a.rejects:
                print(
                    f"{_shown(path)}:{r.line_number}: {r.reason}: {for_a_terminal(r.message)} {r.raw_text[:200]!r}",
                    file=out,
                )
    held = [(p, a) for p, a in rows if a.state == "held"]
    for path, a in held:
        print(f"{_shown(path)}: held: {for_a_terminal(a.message)}", file=out)
    records, accepted = sum(a.records for _, a in rows), sum(a.accepted for _, a in rows)
    rejected, repeats = sum(a.rejected for _, a in rows), sum(a.repeats for _, a in rows)
    rest = "" if records == accepted + rejected + repeats else " + those of held files"
    print(
        f"{len(rows)} file(s), {len(held)} held; {records} records = {accepted} accepted + {rejected} rejected "
        f"+ {repeats} repeats{rest}",
        file=out,
    )


def _shown(path: str) -> str:
    return for_a_terminal(path, 1_000)


if __name__ == "__main__":
    sys.exit(main())
