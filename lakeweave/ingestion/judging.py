"""What holds a file after it was read: records that do not fit, and accounts that do not add up."""

from __future__ import annotations

from lakeweave.ingestion import layout
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.spec import Reading


def misfit_message(account: FileAccount) -> str | None:
    """What to say of a file whose records do not have the shape of its header: all of them, or most of at least ten."""
    counts = account.by_reason()
    shapes = ("too_few_fields", "too_many_fields", "above_header")
    n = sum(counts.get(r, 0) for r in shapes)
    if not n or (account.accepted + account.repeats and (n < 10 or n * 2 <= account.records)):
        return None
    if not account.accepted + account.repeats and n < account.rejected:
        return None
    return (
        f"{n} of {account.records} records do not have the fields of the header, which are "
        f"{len(account.columns)} ({layout.listed(account.columns)}). Correct the header or declare a layout, then "
        "release the file."
    )


def useless_message(account: FileAccount) -> str | None:
    """What to say of a file of which every one of several records was rejected."""
    if account.records < 2 or account.rejected < account.records:
        return None
    counts = account.by_reason()
    if set(counts) == {"repeated_header"}:
        return None
    first = account.rejects[0]
    return (
        f"No record of the file is valid: {', '.join(f'{n} {r}' for r, n in counts.items())}. The first, in line "
        f"{first.line_number}: {first.message}"
    )


def check_share(account: FileAccount, reading: Reading) -> None:
    """Hold a file of which more than the declared share of records was rejected."""
    limit = reading.max_rejected_share
    if limit is not None and account.rejected > limit * account.records:
        account.hold(
            "too_many_rejected",
            f"{account.rejected} of {account.records} records were rejected, more than the declared share of {limit}: "
            f"{', '.join(f'{n} {r}' for r, n in account.by_reason().items())}.",
        )


def reconcile_message(account: FileAccount) -> str:
    """What does not add up, in numbers."""
    return (
        f"{account.records} records were found but {account.accepted} accepted + {account.rejected} rejected + "
        f"{account.repeats} repeats were kept; {account.lines} lines were found but {account.record_lines} in records "
        f"+ {account.header_lines} in the header + {account.blank_lines} blank were kept; "
        f"{account.content_bytes} bytes were found but {account.header_bytes} in the header + {account.record_bytes} in "
        f"records + {account.rejected_bytes} rejected + {account.skipped_bytes} skipped were kept."
        + (
            f" The independent count of {account.counted_by} gives {account.counted_records} records."
            if account.counted_records is not None
            else ""
        )
    )
