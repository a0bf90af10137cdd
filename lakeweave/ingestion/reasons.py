"""Why a record was rejected or a file was held: the documented list, one sentence for each code.

The codes are stored in ``ledger.rejected_records.reason`` and ``ledger.files.reason``; nothing else is ever written
there by DuckDB's reader. A record is rejected alone, the rest of its file loads. A file is held as a whole,
nothing of it loads until it is released or delivered again.
"""

from __future__ import annotations

RECORD_REASONS: dict[str, str] = {
    "too_few_fields": "The record has fewer fields than the header has columns.",
    "too_many_fields": "The record has more fields than the header has columns, or a value below an empty header cell.",
    "unclosed_quote": "A quoted field that starts on this line is not closed where the record would have to end.",
    "malformed_quote": "A closing quote is followed by something other than a delimiter or the end of the line.",
    "ambiguous_quote": "The record has several lines that are records of their own if a quote is a stray one.",
    "above_header": "The line is above the header and has as many fields as a record.",
    "undecodable_bytes": "The record holds bytes that are not valid in the encoding of the file.",
    "nul_byte": "The record holds a NUL byte.",
    "repeated_header": "The record repeats the header of the file, whatever its case and padding.",
    "unexpected_column": (
        "The record carries a value in a column that is not declared, and the layout policy is discard_row."
    ),
    "uncached_formula": "A cell of the row holds a formula whose result is not stored in the file.",
    "unexpected_end": "The file ends where an element of its JSON array, or the end of the array, has to follow.",
    "invalid_json": "The text of the record is not valid JSON.",
    "not_an_object": "The record is valid JSON but not an object, so it has no column names.",
}

FILE_REASONS: dict[str, str] = {
    "empty_file": "The file holds no text at all.",
    "header_mismatch": (
        "The file has no header that shares at least half of the declared columns, and no declared layout fits."
    ),
    "several_sheets": "Several sheets of the workbook hold rows, and the source does not declare which one to read.",
    "sheet_not_found": "The workbook has no sheet of the declared name.",
    "uncached_formulas": "Every record of the workbook has a formula whose result is not stored in the file.",
    "repeated_key": (
        "Several different records of the file have the same declared key, and the engine does not return their order."
    ),
    "archive_of_files": "The file is an archive of files, such as tar or zip; deliver its members one by one.",
    "no_record_fits_the_header": "All records, or more than half of at least ten, do not have the fields of the header.",
    "no_valid_record": "Every record of the file would be rejected.",
    "unsafe_encoding": "The text is not UTF-8, and its encoding cannot be determined with certainty.",
    "record_too_long": "A record, usually with an open quote, is longer than the reader's limit.",
    "unknown_format": "The content is none of CSV, TSV, JSON, JSON lines, Parquet, Excel or gzip of a text format.",
    "undecodable_file": "Most records hold bytes that are not valid in any encoding that could be found.",
    "counts_do_not_reconcile": "Two independent counts of the file's records or lines differ.",
    "changed_while_reading": "The file changed while it was read; it is read again in the next build.",
    "layout_frozen": "The layout differs from the declared one, and the layout policy is freeze.",
    "key_column_missing": "The file lacks a column of the declared key, so that no record of it could get into silver.",
    "unreadable": "The operating system refused to read the file.",
    "corrupt_archive": "The compressed file is damaged or cut off.",
    "archive_too_large": "The compressed file unpacks to more than the reader's limit.",
    "corrupt_file": "The file has the mark of its format but cannot be read as such.",
    "too_many_columns": "The header has more columns than a table may have.",
    "line_too_long": "A single line is longer than the reader's limit.",
    "too_many_rejected": "The share of rejected records is above the declared limit.",
    "reader_failed": "The reader itself failed on this file, which is a defect of the reader.",
    "missing_dependency": "Reading this format needs an optional package that is not installed.",
}

SKIP_REASONS: dict[str, str] = {
    "byte_order_mark": "A byte order mark at the beginning of the text or of a line.",
    "blank_line": "A line that holds nothing but blank space.",
    "preamble": "A line above the header that does not have the form of a record.",
    "separator_line": "A line `sep=` that names the delimiter for a spreadsheet program.",
    "json_punctuation": "The brackets, commas and blanks between the elements of a JSON text.",
    "end_of_file_mark": "The control character 26 (Ctrl-Z) at the end of the text.",
}
"""Why bytes of a file are in no record and not in the header: ``ledger.skipped_spans.reason``."""


def sentence(code: str) -> str:
    """The documented sentence for a reason ``code``; raises ``KeyError`` for a code that is not in the list."""
    return (RECORD_REASONS | FILE_REASONS | SKIP_REASONS)[code]
