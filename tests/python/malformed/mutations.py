"""Makes malformed files from clean ones, each with its expected outcome.

``all_cases()`` gives every file with its truth; nothing is random from one run to the next.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

COLUMNS = ["id", "first_name", "comment", "sale_price", "created_at"]
Row = tuple[str, ...]

_NAMES = ["Ann", "Bob", "Zoë", "José", "Łukasz", "O'Neill", "Mary Ann", "李雷", "Ünal", "Dr. No"]
_WORDS = [
    "fine",
    "late again",
    "5 stars",
    "would buy, again",
    'said "wow"',
    "two\nlines",
    "naïve",
    "",
    "a;b|c",
    " spaced ",
]


@dataclass
class Case:
    """One file. ``records`` are the accepted records in order, ``rejected`` the reasons of the others in order.

    ``held`` is the reason if the file must be held; ``changes`` are the layout changes it must show. ``options`` go to
    the reading (layout policy and so on). ``columns`` are the names that the records are given in.
    """

    name: str
    data: bytes
    records: list[Row] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    held: str | None = None
    changes: list[str] | None = None
    encoding: str | None = None
    format: str | None = None
    columns: list[str] = field(default_factory=lambda: list(COLUMNS))
    options: dict[str, object] = field(default_factory=dict)


def rows(seed: int, n: int = 12, *, plain: bool = False, ascii_only: bool = False) -> list[Row]:
    """``n`` different records; ``plain`` ones need no quotes."""
    rng = random.Random(seed)
    result: list[Row] = []
    for i in range(n):
        name, comment = rng.choice(_NAMES), rng.choice(_WORDS)
        if plain:
            comment = comment.translate(str.maketrans({",": "", '"': "", "\n": " ", ";": "", "|": ""})).strip()
        if ascii_only:
            name, comment = (t.encode("ascii", "ignore").decode() or "x" for t in (name, comment))
        price = f"{rng.randrange(100, 99999) / 100:.2f}"
        result.append((str(1000 + i), name, comment, price, f"2026-02-{1 + i % 28:02d} 10:{seed % 60:02d}:00"))
    return result


def text_of(
    records: list[Row],
    *,
    header: list[str] | None = COLUMNS,
    delimiter: str = ",",
    end: str = "\n",
    quote: str = '"',
    quoting: int = csv.QUOTE_MINIMAL,
    last: bool = True,
    **options: object,
) -> str:
    """The records as delimited text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quotechar=quote, quoting=quoting, **options)  # type: ignore[arg-type]
    if header:
        writer.writerow(header)
    writer.writerows(records)
    text = out.getvalue()
    return text if last else text[: -len(end)]


def lines_of(records: list[Row], **options: object) -> list[str]:
    """The text of :func:`text_of`, one entry for the header and one for each record (``plain`` records only)."""
    return text_of(records, **options).splitlines(keepends=True)  # type: ignore[arg-type]


def null(records: list[Row]) -> list[Row]:
    """What the records are after reading: an empty field is no value."""
    return [tuple(v or None for v in r) for r in records]  # type: ignore[misc]


# ------------------------------------------------------------------ dialects


def dialects() -> Iterator[Case]:
    """Clean files in unusual dialects: everything is accepted."""
    seed = 0
    for delimiter in ",;\t|^~":
        for end, label in (("\n", "lf"), ("\r\n", "crlf"), ("\r", "cr")):
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
                seed += 1
                # A writer leaves a bare LF unquoted where lines end in CR.
                records = [tuple(v.replace("\n", end) for v in r) for r in rows(seed)]
                last = seed % 3 != 0
                text = text_of(records, delimiter=delimiter, end=end, quoting=quoting, last=last)
                yield Case(
                    f"dialect_{ord(delimiter):02x}_{label}_{quoting}.csv", text.encode(), null(records), format=None
                )
    for i, delimiter in enumerate((":", "\x01", "#", "¦", " ")):
        records = [(*r[:4], "2026-02-01") for r in rows(50 + i, plain=True)]
        records = [(r[0], r[1].replace(" ", "_"), r[2].replace(" ", "_") or "x", *r[3:]) for r in records]
        yield Case(f"dialect_odd_{i}.csv", text_of(records, delimiter=delimiter).encode(), null(records))
    for i in range(3):
        records = rows(60 + i)
        text = text_of(records, quote="'", quoting=csv.QUOTE_NONNUMERIC)
        yield Case(f"single_quotes_{i}.csv", text.encode(), null(records))
        text = text_of(records, escapechar="\\", doublequote=False, quoting=csv.QUOTE_ALL)
        yield Case(f"backslash_{i}.csv", text.encode(), null(records))
        text = text_of(records, quoting=csv.QUOTE_ALL).replace('","', '", "')
        yield Case(f"space_after_delimiter_{i}.csv", text.encode(), null(records))
    plain = rows(70, plain=True)
    yield Case("comma_space.csv", text_of(plain).replace(",", ", ").encode(), null(plain))


def encodings() -> Iterator[Case]:
    """The same text in several encodings."""
    for i in range(2):
        records = rows(100 + i)
        western = [r for r in records if r[1] not in ("Łukasz", "李雷")]
        text = text_of(records)
        yield Case(f"utf8_{i}.csv", text.encode(), null(records), encoding="utf-8")
        yield Case(f"utf8_bom_{i}.csv", text.encode("utf-8-sig"), null(records), encoding="utf-8-sig")
        for codec, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
            yield Case(f"{codec}_bom_{i}.csv", mark + text.encode(codec), null(records), encoding=codec)
            ascii_rows = rows(110 + i, ascii_only=True)
            data = text_of(ascii_rows).encode(codec)
            yield Case(f"{codec}_bare_{i}.csv", data, null(ascii_rows), encoding=codec)
        yield Case(f"utf32_{i}.csv", b"\xff\xfe\0\0" + text.encode("utf-32-le"), null(records), encoding="utf-32-le")
        yield Case(f"latin1_{i}.csv", text_of(western).encode("latin-1"), null(western), encoding="iso8859-1")
        typographic = [(*r[:2], "it’s “fine” – really…", *r[3:]) for r in western]
        yield Case(f"cp1252_{i}.csv", text_of(typographic).encode("cp1252"), null(typographic), encoding="cp1252")
        declared = [(*r[:1], "Żółć", *r[2:]) for r in rows(120 + i, ascii_only=True)]
        yield Case(
            f"declared_cp1250_{i}.csv",
            text_of(declared).encode("cp1250"),
            null(declared),
            encoding="cp1250",
            options={"encoding": "cp1250"},
        )


# -------------------------------------------------------------------- records


def ragged() -> Iterator[Case]:
    """Records with too few and too many fields."""
    for seed in range(200, 206):
        rng = random.Random(seed)
        records = rows(seed, plain=True)
        k = rng.randrange(len(records))
        without = null(records[:k] + records[k + 1 :])

        def broken(line: str, k: int = k, records: list[Row] = records) -> bytes:
            lines = lines_of(records)
            lines[k + 1] = line
            return "".join(lines).encode()

        cut = rng.randrange(1, len(COLUMNS))
        yield Case(f"too_few_{seed}.csv", broken(",".join(records[k][:cut]) + "\n"), without, ["too_few_fields"])
        more = [*records[k], "left", "over"]
        yield Case(f"too_many_{seed}.csv", broken(",".join(more) + "\n"), without, ["too_many_fields"])
        yield Case(f"other_delimiter_{seed}.csv", broken(";".join(records[k]) + "\n"), without, ["too_few_fields"])
        yield Case(f"empty_overflow_{seed}.csv", broken(",".join(records[k]) + ",,,\n"), without, ["too_many_fields"])
    records = rows(210, plain=True)
    trailing = "".join(line.rstrip("\n") + ",\n" for line in lines_of(records))
    yield Case("trailing_delimiter_everywhere.csv", trailing.encode(), null(records))
    lines = [line.rstrip("\n") + ",\n" for line in lines_of(records)]
    lines[3] = lines[3].rstrip("\n") + "surprise\n"
    yield Case(
        "value_behind_trailing_delimiter.csv",
        "".join(lines).encode(),
        null(records[:2] + records[3:]),
        ["too_many_fields"],
    )
    lines = lines_of(records)
    lines[1:] = [line.rstrip("\n") + ",\n" for line in lines[1:]]
    yield Case("trailing_delimiter_in_records.csv", "".join(lines).encode(), held="no_record_fits_the_header")
    all_empty = [*records[:4], ("", "", "", "", ""), *records[4:]]
    yield Case("all_fields_empty.csv", text_of(all_empty).encode(), null(all_empty))


def quotes() -> Iterator[Case]:
    """Quotes lost, added and left open."""
    for seed in range(300, 306):
        rng = random.Random(seed)
        records = [(r[0], r[1], r[2] or "nice", *r[3:]) for r in rows(seed, plain=True)]
        k = rng.randrange(len(records) - 1)
        without = null(records[:k] + records[k + 1 :])
        lines = lines_of(records, quoting=csv.QUOTE_ALL)
        first, second = f'"{records[k][1]}"', f'"{records[k][2]}"'

        def put(line: str, k: int = k, lines: list[str] = lines) -> bytes:
            return "".join([*lines[: k + 1], line, *lines[k + 2 :]]).encode()

        line = lines[k + 1]
        yield Case(f"text_after_quote_{seed}.csv", put(line.replace(first, first + "x")), without, ["malformed_quote"])
        yield Case(
            f"space_after_quote_{seed}.csv", put(line.replace(second, second + " ")), without, ["malformed_quote"]
        )
        open_at_end = line.rstrip("\n")[:-1] + "\n"
        yield Case(f"last_quote_lost_{seed}.csv", put(open_at_end), without, ["unclosed_quote"])
        inner = (*records[k][:2], records[k][2] + '"', *records[k][3:])
        kept = null([*records[:k], inner, *records[k + 1 :]])
        yield Case(f"opening_quote_lost_{seed}.csv", put(line.replace(second, second[1:])), kept)
        inches = (*records[k][:2], '5" x 7"', *records[k][3:])
        plain = lines_of(records)
        plain[k + 1] = ",".join(inches) + "\n"
        kept = null([*records[:k], inches, *records[k + 1 :]])
        yield Case(f"inches_{seed}.csv", "".join(plain).encode(), kept)
        inch = (*records[k][:2], '5" x', *records[k][3:])
        plain[k + 1] = ",".join(inch) + "\n"
        kept = null([*records[:k], inch, *records[k + 1 :]])
        yield Case(f"inch_{seed}.csv", "".join(plain).encode(), kept)
        plain[k + 1] = f'{records[k][0]},{records[k][1]},"{records[k][2]},{records[k][3]},{records[k][4]}\n'
        yield Case(f"never_closed_{seed}.csv", "".join(plain).encode(), without, ["unclosed_quote"])
    records = [(r[0], r[1], "first\nsecond, third\nfourth", *r[3:]) for r in rows(310, plain=True)]
    text = text_of(records)
    cut = text[: text.rindex("fourth")]
    yield Case("cut_inside_quotes.csv", cut.encode(), null(records[:-1]), ["unclosed_quote"])
    lines = text_of(records)
    damaged = lines.replace('fourth",', 'fourth"!,', 1)
    yield Case("multi_line_text_after_quote.csv", damaged.encode(), null(records[1:]), ["malformed_quote"])
    two = rows(311, plain=True, n=30)
    lines = lines_of(two)
    lines[5] = lines[5].replace(",", ',"', 1)
    lines[20] = lines[20].replace(",", ',"', 1)
    keep = null([r for i, r in enumerate(two) if i not in (4, 19)])
    yield Case("two_quotes_never_closed.csv", "".join(lines).encode(), keep, ["unclosed_quote", "unclosed_quote"])
    many = rows(312, n=40)
    yield Case(
        "every_comment_has_lines.csv",
        text_of([(*r[:2], "a\r\nb\n\nc", *r[3:]) for r in many]).encode(),
        null([(*r[:2], "a\r\nb\n\nc", *r[3:]) for r in many]),
    )


def damaged_bytes() -> Iterator[Case]:
    """NUL bytes, bytes of no character, characters cut in two."""
    for seed in range(400, 405):
        rng = random.Random(seed)
        records = rows(seed, plain=True, ascii_only=True)
        k = rng.randrange(len(records) - 1)
        without = null(records[:k] + records[k + 1 :])
        lines = [line.encode() for line in lines_of(records)]

        def put(line: bytes, k: int = k, lines: list[bytes] = lines) -> bytes:
            return b"".join([*lines[: k + 1], line, *lines[k + 2 :]])

        at = lines[k + 1].index(b",") + 2
        head, tail = lines[k + 1][:at], lines[k + 1][at:]
        yield Case(f"nul_{seed}.csv", put(head + b"\0" + tail), without, ["nul_byte"])
        for i, bad in enumerate((b"\xff", b"\xc3\x28", b"\xe2\x82", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80")):
            if (seed + i) % 2 == 0:
                yield Case(f"no_character_{i}_{seed}.csv", put(head + bad + tail), without, ["undecodable_bytes"])
    records = rows(410)
    data = text_of(records).encode() + "2000,Zoë".encode()[:-1]
    yield Case("cut_inside_a_character.csv", data, null(records), ["undecodable_bytes"])
    yield Case("control_z.csv", text_of(records).encode() + b"\x1a", null(records))
    lone = text_of(rows(411, ascii_only=True)).encode("utf-16-le")
    at = lone.index("2026".encode("utf-16-le"))
    broken = b"\xff\xfe" + lone[:at] + b"\x00\xd8" + lone[at:]
    yield Case("utf16_lone_surrogate.csv", broken, null(rows(411, ascii_only=True)[1:]), ["undecodable_bytes"])
    yield Case("utf16_odd_byte.csv", b"\xff\xfe" + lone + b"x", null(rows(411, ascii_only=True)), ["undecodable_bytes"])
    bad = [rb"\xff".decode("unicode_escape").encode("latin-1") + b"," + b"\xfe" * 3] * 30
    yield Case(
        "mostly_undecodable.csv",
        b"id,first_name\n" + b"\n".join(bad),
        held="undecodable_file",
        options={"columns": ["id", "first_name"]},
    )


def lines_and_ends() -> Iterator[Case]:
    """Blank lines, mixed line ends, repeated headers, preambles, cut files."""
    for seed in range(500, 504):
        rng = random.Random(seed)
        records = rows(seed, plain=True)
        lines = lines_of(records)
        blank = [line + ("\n" * rng.randrange(0, 3)) for line in lines]
        yield Case(f"blank_lines_{seed}.csv", "".join(blank).encode(), null(records))
        spaces = [line + ("   \n" if rng.random() < 0.3 else "") for line in lines]
        yield Case(f"lines_of_spaces_{seed}.csv", "".join(spaces).encode(), null(records))
        mixed = "".join(line.rstrip("\n") + rng.choice(["\n", "\r\n", "\r"]) for line in lines)
        yield Case(f"mixed_ends_{seed}.csv", mixed.encode(), null(records))
        doubled = "".join(line.rstrip("\n") + "\r\r\n" for line in lines)
        yield Case(f"cr_cr_lf_{seed}.csv", doubled.encode(), null(records))
        k = rng.randrange(1, len(lines))
        repeated = [*lines[:k], lines[0], *lines[k:]]
        yield Case(f"repeated_header_{seed}.csv", "".join(repeated).encode(), null(records), ["repeated_header"])
        before = ["# exported 2026-02-01, do not edit\n", "Report;of the shop\n", "\n", '"quoted, title"\n'][
            : 1 + seed % 4
        ]
        yield Case(f"preamble_{seed}.csv", ("".join(before) + "".join(lines)).encode(), null(records))
        text = "".join(lines)
        cut = text.rindex(",") - 2
        yield Case(f"cut_{seed}.csv", text[:cut].encode(), null(records[:-1]), ["too_few_fields"])
        yield Case(f"no_last_end_{seed}.csv", text[:-1].encode(), null(records))
        copies = [*records, records[0], records[3], records[0]]
        yield Case(f"copies_{seed}.csv", text_of(copies).encode(), null(copies))
    records = rows(510, plain=True)
    yield Case("header_only.csv", text_of([]).encode(), [])
    yield Case("header_only_without_end.csv", text_of([], last=False).encode(), [])
    yield Case("one_record.csv", text_of(records[:1], last=False).encode(), null(records[:1]))
    lines = lines_of(records)
    lines[4] = lines[4][:8] + "\r" + lines[4][8:]
    yield Case(
        "return_inside_a_field.csv", "".join(lines).encode(), null(records[:3] + records[4:]), ["too_few_fields"] * 2
    )


# --------------------------------------------------------------------- layout


def layouts() -> Iterator[Case]:
    """Headers that differ from the declared columns, under each policy."""
    records = rows(600)
    ids = null(records)
    for label, header in (
        ("upper", ["ID", "FIRST_NAME", "COMMENT", "SALE_PRICE", "CREATED_AT"]),
        ("camel", ["id", "firstName", "Comment", "salePrice", "CreatedAt"]),
        ("spaces", [" Id ", "First name", "comment", "Sale-Price", "created.at"]),
    ):
        yield Case(f"header_{label}.csv", text_of(records, header=header).encode(), ids, changes=[])
    order = [3, 0, 4, 2, 1]
    moved = text_of([tuple(r[i] for i in order) for r in records], header=[COLUMNS[i] for i in order])
    for policy in ("evolve", "freeze", "discard_row"):
        options = {"layout_policy": policy}
        yield Case(f"reordered_{policy}.csv", moved.encode(), ids, changes=["reordered"], options=options)
        fewer = text_of([r[:4] for r in records], header=COLUMNS[:4])
        held = "layout_frozen" if policy == "freeze" else None
        kept = [] if held else [(*r[:4], None) for r in ids]
        yield Case(f"missing_{policy}.csv", fewer.encode(), kept, held=held, changes=["missing"], options=options)
        values = ["", "new"] * 6
        wide = text_of([(*r, v) for r, v in zip(records, values, strict=True)], header=[*COLUMNS, "Loyalty Tier"])
        if policy == "evolve":
            more = [(*r, v or None) for r, v in zip(ids, values, strict=True)]
            yield Case(
                "added_evolve.csv",
                wide.encode(),
                more,
                changes=["added"],
                columns=[*COLUMNS, "loyalty_tier"],
                options=options,
            )
        elif policy == "freeze":
            yield Case("added_freeze.csv", wide.encode(), held="layout_frozen", changes=["added"], options=options)
        else:
            yield Case(
                "added_discard_row.csv",
                wide.encode(),
                ids[::2],
                ["unexpected_column"] * 6,
                changes=["added"],
                options=options,
            )
    twice = text_of([(*r, r[1] + "!") for r in records], header=[*COLUMNS, "First Name"])
    yield Case(
        "duplicate_column.csv",
        twice.encode(),
        [(*r, r[1] + "!") for r in ids],
        changes=["duplicate"],
        columns=[*COLUMNS, "first_name_1"],
    )
    nameless = text_of([(str(i), *r) for i, r in enumerate(records)], header=["", *COLUMNS])
    yield Case(
        "column_without_name.csv",
        nameless.encode(),
        [(*r, str(i)) for i, r in enumerate(ids)],
        changes=["empty_name"],
        columns=[*COLUMNS, "unnamed"],
    )
    old = text_of(records, header=["id", "given_name", "comment", "sale_price", "created_at"])
    yield Case(
        "renamed.csv", old.encode(), ids, changes=["renamed"], options={"aliases": (("given_name", "first_name"),)}
    )
    hostile = ['we"ird; drop table x;--', "new\nline", "😀", "../../etc/passwd", "rowid", "x" * 400]
    data = text_of([(*r, *"abcdef") for r in records], header=[*COLUMNS, *hostile])
    names = ["we_ird_drop_table_x", "new_line", "unnamed", "etc_passwd", "rowid", "x" * 120]
    yield Case(
        "hostile_names.csv",
        data.encode(),
        [(*r, *"abcdef") for r in ids],
        changes=["added"] * 6,
        columns=[*COLUMNS, *names],
    )
    body = text_of(records, header=None)
    yield Case("no_header.csv", body.encode(), held="header_mismatch")
    yield Case(
        "other_header.csv",
        text_of(records, header=["sku", "size", "colour", "price", "made"]).encode(),
        held="header_mismatch",
    )
    yield Case("declared_no_header.csv", body.encode(), ids, changes=[], options={"header": "no"})
    op = text_of([("I", *r) for r in records], header=None)
    yield Case(
        "positional.csv",
        op.encode(),
        [(*r, "I") for r in ids],
        columns=[*COLUMNS, "op"],
        changes=["added"],
        options={"layouts": (("positional*.csv", ("op", *COLUMNS)),)},
    )


# -------------------------------------------------------------------- formats


def json_files() -> Iterator[Case]:
    """JSON arrays, objects and lines, broken in parts."""
    records = rows(700)
    objects = [dict(zip(COLUMNS, r, strict=True)) for r in records]
    same: list[Row] = list(records)
    yield Case("array.json", json.dumps(objects).encode(), same, format="json")
    yield Case("array_pretty.json", json.dumps(objects, indent=2, ensure_ascii=False).encode(), same, format="json")
    yield Case("array_bom.json", json.dumps(objects).encode("utf-8-sig"), same, format="json", encoding="utf-8-sig")
    yield Case("array_utf16.json", json.dumps(objects).encode("utf-16"), same, format="json", encoding="utf-16-le")
    yield Case("one_object.json", json.dumps(objects[0], indent=1).encode(), same[:1], format="json")
    lines = [json.dumps(o, ensure_ascii=False) + "\n" for o in objects]
    yield Case("lines.jsonl", "".join(lines).encode(), same, format="jsonl")
    yield Case("lines_called_json.json", "".join(lines).encode(), same, format="jsonl")
    yield Case("lines_called_csv.csv", "".join(lines).encode(), same, format="jsonl")
    yield Case("array_called_csv.csv", json.dumps(objects).encode(), same, format="json")
    bad = [*lines[:3], lines[3][: len(lines[3]) // 2] + "\n", *lines[4:6], "\n", "[1, 2]\n", *lines[6:]]
    yield Case(
        "bad_line.jsonl",
        "".join(bad).encode(),
        [*same[:3], *same[4:]],
        ["invalid_json", "not_an_object"],
        format="jsonl",
    )
    text = json.dumps(objects, indent=2, ensure_ascii=False)
    yield Case(
        "array_cut.json", text[: text.rindex("created_at")].encode(), same[:-1], ["unexpected_end"], format="json"
    )
    pieces = text.split("\n  {")
    pieces[4] = pieces[4].replace(":", " ", 1)
    yield Case(
        "array_bad_element.json", "\n  {".join(pieces).encode(), [*same[:3], *same[4:]], ["invalid_json"], format="json"
    )
    mixed = [*objects[:2], 7, None, "x", *objects[2:]]
    yield Case("array_of_others.json", json.dumps(mixed).encode(), same, ["not_an_object"] * 3, format="json")
    typed = '[{"id": 1, "first_name": null, "comment": {"k": [1, 2.50]}, "sale_price": 1.10, "created_at": true}]'
    yield Case("types.json", typed.encode(), [("1", None, '{"k": [1, 2.50]}', "1.10", "true")], format="json")  # type: ignore[list-item]
    nul = json.dumps([objects[0], objects[1] | {"comment": "a\0b"}, objects[2] | {"comment": "\ud800"}])
    yield Case("escapes.json", nul.encode(), same[:1], ["nul_byte", "undecodable_bytes"], format="json")
    twice = "".join(line.replace('"id"', '"ID": "other", "id"') for line in lines)
    yield Case(
        "duplicate_keys.jsonl",
        twice.encode(),
        [("other", *r[1:], r[0]) for r in same],
        columns=[*COLUMNS, "id_1"],
        changes=["duplicate"],
        format="jsonl",
    )
    yield Case(
        "deep.json", ('{"id": ' + "[" * 100_000 + "]" * 100_000 + "}").encode(), [], ["invalid_json"], format="json"
    )
    yield Case("empty_array.json", b"[]", [], format="json")
    added = [o | {"tier": "gold"} for o in objects]
    yield Case(
        "frozen.jsonl",
        "".join(json.dumps(o) + "\n" for o in added).encode(),
        held="layout_frozen",
        options={"layout_policy": "freeze"},
    )
    yield Case("other_keys.json", b'[{"a": 1}, {"b": 2}]', held="header_mismatch")


def packed() -> Iterator[Case]:
    """gzip, whole and damaged."""
    records = rows(800, n=200)
    text = text_of(records).encode()
    zipped = gzip.compress(text, mtime=0)
    yield Case("packed.csv.gz", zipped, null(records), format="csv+gzip")
    yield Case("packed_called_csv.csv", zipped, null(records), format="csv+gzip")
    yield Case(
        "two_members.csv.gz", gzip.compress(text[:500], mtime=0) + gzip.compress(text[500:], mtime=0), null(records)
    )
    western = [r for r in records if r[1] not in ("Łukasz", "李雷")]
    yield Case(
        "packed_latin1.csv.gz",
        gzip.compress(text_of(western).encode("latin-1"), mtime=0),
        null(western),
        encoding="iso8859-1",
    )
    lines = "".join(json.dumps(dict(zip(COLUMNS, r, strict=True))) + "\n" for r in records)
    yield Case("packed.jsonl.gz", gzip.compress(lines.encode(), mtime=0), list(records), format="jsonl+gzip")
    yield Case("packed_cut.csv.gz", zipped[: len(zipped) * 2 // 3], held="corrupt_archive")
    damaged = bytearray(zipped)
    damaged[len(zipped) // 2] ^= 0xFF
    yield Case("packed_damaged.csv.gz", bytes(damaged), held="corrupt_archive")
    yield Case("packed_trailing_junk.csv.gz", zipped + b"junk", held="corrupt_archive")
    yield Case("packed_nothing.csv.gz", gzip.compress(b"", mtime=0), held="empty_file")
    yield Case(
        "packed_picture.csv.gz", gzip.compress(b"\x89PNG\r\n\x1a\n" + bytes(500), mtime=0), held="unknown_format"
    )
    ragged = text + b"1,2\n"
    yield Case(
        "packed_ragged.csv.gz", gzip.compress(ragged, mtime=0), null(records), ["too_few_fields"], format="csv+gzip"
    )


def other_content() -> Iterator[Case]:
    """Files that are not what their name says, or nothing at all."""
    rng = random.Random(900)
    yield Case("nothing.csv", b"", held="empty_file")
    yield Case("blank_space.csv", b"  \n\n \r\n", held="empty_file")
    yield Case("only_bom.csv", b"\xef\xbb\xbf", held="empty_file")
    yield Case("nothing.json", b"", held="empty_file")
    yield Case("noise.csv", rng.randbytes(5000), held="unknown_format")
    yield Case("picture.csv", b"\x89PNG\r\n\x1a\n" + rng.randbytes(300), held="unknown_format")
    yield Case("document.csv", b"%PDF-1.7\n1 0 obj\n", held="unknown_format")
    yield Case("old_excel.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), held="unknown_format")
    yield Case("zeros.csv", bytes(4000), held="unknown_format")
    yield Case("prose.csv", b"Dear all,\nthe export failed, sorry.\nRegards\n", held="header_mismatch")
    yield Case("page.csv", b"<!DOCTYPE html>\n<html><body>404</body></html>\n", held="unknown_format")
    records = rows(901)
    tsv = text_of(records, delimiter="\t")
    yield Case("tabs_called_csv.csv", tsv.encode(), null(records), format="tsv")
    yield Case("csv_called_parquet.parquet", text_of(records).encode(), null(records), format="csv")
    yield Case("csv_called_json.json", text_of(records).encode(), null(records), format="csv")
    big = [*records[:5], ("9", "big", "x" * 3_000_000, "1", "2"), *records[5:]]
    yield Case("three_million_characters.csv", text_of(big).encode(), null(big))
    wide = [f"c{i}" for i in range(400)]
    values = [tuple(f"{r}_{c}" for c in range(400)) for r in range(5)]
    yield Case(
        "four_hundred_columns.csv",
        text_of(values, header=wide).encode(),
        values,
        columns=wide,
        options={"columns": wide},
    )


def all_cases() -> list[Case]:
    """Every case, names different."""
    families = (
        dialects,
        encodings,
        ragged,
        quotes,
        damaged_bytes,
        lines_and_ends,
        layouts,
        json_files,
        packed,
        other_content,
    )
    cases = [case for family in families for case in family()]
    assert len({c.name for c in cases}) == len(cases), "two cases of one name"
    return cases
