"""From the shop's clean rows to delivered files and the truth about them.

Order of truth: file names are compared with their digit runs as numbers; a record of a later name supersedes the same
key of an earlier name, and within a file the last record wins, exact repeats aside. A late file is named after the
batch that it belongs to and so sorts right behind it, before the batches that were delivered earlier in time.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .blocks import TABLES, Block, Table, block_length, concat_blocks
from .dirt import deliver_block, lossy_rows, truth_table
from .randomness import stream
from .shop import Part, Shop
from .truth import parquet_writer, write_parquet

INBOX = Path("gcp/inbox")
TRUTH = Path("truth/thelook")

# Dirty rate of batch 000, 001, 002 and of all from 003 on.
DIRTY_RATES = (0.15, 0.05, 0.03, 0.02)
REPEAT_SHARE = 0.03
# With every batch whose number divides by this come one late and one re-delivered file, of two batches before.
LATE_EVERY = 3
# Up to this many keys the state after each batch is written in full, beyond it only keys and winning files.
FULL_STATE_ROWS = 100_000


def dirty_rate(batch: int) -> float:
    """The share of cells that are dirtied in a file of this batch."""
    return DIRTY_RATES[min(batch, len(DIRTY_RATES) - 1)]


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the inbox. ``rank`` orders files as their names do; ``batch`` is when it is delivered."""

    table: str
    name: str
    batch: int
    kind: str
    rank: tuple[int, int]
    records: int
    repeats: int
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in the landing zone."""
        return INBOX / self.table / self.name


@dataclass
class _TableTruth:
    """What was delivered of one table: the initial load on disk, later records in memory."""

    base: Path | None = None
    base_rows: int = 0
    later: list[tuple[int, tuple[int, int], pa.Table]] = field(default_factory=list)


@dataclass(frozen=True)
class _Chunk:
    """A delivered block: shuffled lines, and the truth and keys of its different records in their first order."""

    lines: pa.Array
    records: int
    repeats: int
    truth: pa.Table
    block: Block
    lossy: np.ndarray


def _text_of(lines: pa.Array) -> memoryview:
    """The text of all lines, one after the other, without a copy."""
    if len(lines) == 0:
        return memoryview(b"")
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(lines.buffers()[2])[offsets[0] : offsets[-1]]


def _deliver_chunk(table: Table, parts: list[Part], rate: float, repeats: int, rng: np.random.Generator) -> _Chunk:
    """Dirty, repeat and shuffle rows. The truth tells each record's first position in the shuffled lines."""
    block = concat_blocks([part.block for part in parts])
    count = block_length(block)
    rates: np.ndarray | float = rate
    if any(part.pristine for part in parts):
        rates = np.concatenate(
            [np.full(block_length(part.block), 0.0 if part.pristine else rate, np.float32) for part in parts]
        )
    lines, delivered = deliver_block(table.columns, block, rates, rng)
    extra = repeats if count else 0
    source = np.concatenate([np.arange(count), rng.integers(0, max(count, 1), extra)])
    order = source[rng.permutation(len(source))]
    position = np.empty(count, dtype=np.int64)
    # Written backwards, so that of several equal lines the first one stays: that one counts, the others are repeats.
    position[order[::-1]] = np.arange(len(order))[::-1]
    truth = truth_table(table.columns, delivered).append_column("_position", pa.array(position))
    return _Chunk(lines.take(pa.array(order)), len(order), extra, truth, block, lossy_rows(delivered))


def _labelled(truth: pa.Table, name: str, records_before: int) -> pa.Table:
    """Replace the position in the block by the file's name and the 1-based record number in the file."""
    position = truth["_position"].to_numpy()
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(truth), np.int32)), pa.array([name]))
    return (
        truth.drop_columns(["_position"])
        .append_column("_file_name", names)
        .append_column("_record_number", pa.array(position + records_before + 1))
    )


class _FileWriter:
    """Writes one CSV file chunk by chunk and sums up what is in it."""

    def __init__(self, stage: Path, table: Table, name: str) -> None:
        self.table, self.name = table, name
        self.path = stage / INBOX / table.name / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.records = self.repeats = self.size = 0
        self._hash = hashlib.sha256()
        self._file = self.path.open("wb")
        self._write((",".join(column.name for column in table.columns) + "\n").encode())

    def _write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def add(self, chunk: _Chunk) -> pa.Table:
        """Write the lines; returns the chunk's truth with file name and record numbers."""
        truth = _labelled(chunk.truth, self.name, self.records)
        self._write(_text_of(chunk.lines))
        self.records += chunk.records
        self.repeats += chunk.repeats
        return truth

    def close(self, batch: int, kind: str, rank: tuple[int, int]) -> DeliveredFile:
        """Finish the file."""
        self._file.close()
        digest = self._hash.hexdigest()
        return DeliveredFile(
            self.table.name, self.name, batch, kind, rank, self.records, self.repeats, self.size, digest
        )


class ThelookDelivery:
    """Writes the thelook feed's files and truth below a staging folder.

    All batches up to the last one wanted are lived through, because each depends on those before; only those in
    ``delivered`` count for the truth and are reported as files to keep.
    """

    def __init__(
        self,
        stage: Path,
        shop: Shop,
        delivered: tuple[int, ...],
        threads: int = 1,
        progress: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self.stage, self.shop, self.seed, self.delivered = stage, shop, shop.seed, delivered
        self.threads, self.progress = threads, progress
        self.files: list[DeliveredFile] = []
        self._truth = {name: _TableTruth() for name in TABLES}
        self._schemas: dict[str, pa.Schema] = {}
        # Truth of recent orders files, for the one that is delivered twice.
        self._orders: dict[int, pa.Table] = {}

    def run(self) -> list[DeliveredFile]:
        """Write everything; returns the delivered files in the order of truth."""
        for table in TABLES.values():
            self._initial_load(table)
        for batch in range(1, max(self.delivered, default=0) + 1):
            self._later_batch(batch)
        kept = [file for file in self.files if file.batch in self.delivered]
        for file in self.files:
            if file.batch not in self.delivered:
                (self.stage / file.path).unlink()
        kept.sort(key=lambda file: (file.table, file.rank, file.name))
        for table in TABLES.values():
            self._write_truth(table)
        self._write_files(kept)
        return kept

    # ---------------------------------------------------------------- files

    def _initial_load(self, table: Table) -> None:
        name = f"{table.name}_batch_000.csv"
        writer = _FileWriter(self.stage, table, name)
        truth = self._truth[table.name]
        keep = 0 in self.delivered
        base: pq.ParquetWriter | None = None
        rate = dirty_rate(0)
        for number, chunk in enumerate(self._chunks(table, rate)):
            self.shop.remember(table.name, number, chunk.block, chunk.lossy)
            labelled = writer.add(chunk)
            self._schemas[table.name] = labelled.schema
            if keep:
                if base is None:
                    truth.base = self.stage / "work" / f"{table.name}.parquet"
                    base = parquet_writer(truth.base, labelled.schema, temporary=True)
                base.write_table(labelled, row_group_size=max(len(labelled), 1))
                truth.base_rows += len(labelled)
            self.progress(chunk.records)
        if base is not None:
            base.close()
        self.files.append(writer.close(0, "initial", (0, 0)))

    def _chunks(self, table: Table, rate: float) -> Iterator[_Chunk]:
        """Deliver the blocks of the initial load in threads, in order, with few of them in flight."""

        def deliver(number: int, make: Callable[[], Block]) -> _Chunk:
            block = make()
            count = block_length(block)
            rng = stream(self.seed, "delivery", f"{table.name}_batch_000.csv", number)
            repeats = int(count * REPEAT_SHARE)
            return _deliver_chunk(table, [Part(block)], rate, max(repeats, 1) if number == 0 else repeats, rng)

        if self.threads == 1:
            for number, make in enumerate(self.shop.initial(table.name)):
                yield deliver(number, make)
            return
        waiting: deque[Future[_Chunk]] = deque()
        with ThreadPoolExecutor(self.threads) as pool:
            for number, make in enumerate(self.shop.initial(table.name)):
                waiting.append(pool.submit(deliver, number, make))
                if len(waiting) > self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _later_batch(self, batch: int) -> None:
        for name, parts in self.shop.advance(batch).items():
            self._later_file(TABLES[name], f"{name}_batch_{batch:03d}.csv", parts, batch, "batch", (batch, 0))
        if batch % LATE_EVERY == 0:
            of_batch = batch - 2
            late = [Part(self.shop.late_users(batch))]
            name = f"users_batch_{of_batch:03d}_late.csv"
            self._later_file(TABLES["users"], name, late, batch, "late", (of_batch, 1))
            self._redeliver("orders", of_batch, batch, self._orders[of_batch])

    def _later_file(
        self, table: Table, name: str, parts: list[Part], batch: int, kind: str, rank: tuple[int, int]
    ) -> None:
        count = sum(block_length(part.block) for part in parts)
        rng = stream(self.seed, "delivery", name)
        chunk = _deliver_chunk(table, parts, dirty_rate(rank[0]), max(1, int(count * REPEAT_SHARE)), rng)
        writer = _FileWriter(self.stage, table, name)
        labelled = writer.add(chunk)
        if batch in self.delivered:
            self._truth[table.name].later.append((batch, rank, labelled))
        if table.name == "orders":
            self._orders[batch] = labelled
        self.files.append(writer.close(batch, kind, rank))
        self.progress(chunk.records)

    def _redeliver(self, table: str, of_batch: int, batch: int, records: pa.Table) -> None:
        """Deliver the bytes of an earlier file once more under another name."""
        first = next(file for file in self.files if file.name == f"{table}_batch_{of_batch:03d}.csv")
        name = f"{table}_batch_{of_batch:03d}_redelivered.csv"
        again = DeliveredFile(
            table, name, batch, "redelivered", (of_batch, 2), first.records, first.repeats, first.size, first.sha256
        )
        shutil.copyfile(self.stage / first.path, self.stage / again.path)
        if batch in self.delivered and of_batch not in self.delivered:
            # Without the first delivery in this landing zone, the second one is the one that counts.
            names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(records), np.int32)), pa.array([name]))
            column = records.schema.get_field_index("_file_name")
            self._truth[table].later.append((batch, again.rank, records.set_column(column, "_file_name", names)))
        self.files.append(again)
        self.progress(again.records)

    # ---------------------------------------------------------------- truth

    def _write_truth(self, table: Table) -> None:
        """Write the state after each delivered batch, and the final one."""
        truth = self._truth[table.name]
        folder = self.stage / TRUTH
        final = folder / f"{table.name}.parquet"
        for batch in self.delivered:
            winners = _winners(truth.later, table.key, batch)
            small = truth.base_rows + (0 if winners is None else len(winners)) <= FULL_STATE_ROWS
            columns = None if small else [table.key, "_file_name"]
            path = folder / f"{table.name}_after_{batch:03d}.parquet"
            _merge_state(truth.base, winners, table.key, path, columns, self._schema(table))
            if batch == self.delivered[-1]:
                if small:
                    shutil.copyfile(path, final)
                else:
                    _merge_state(truth.base, winners, table.key, final, None, self._schema(table))

    def _schema(self, table: Table) -> pa.Schema:
        return self._schemas[table.name]

    def _write_files(self, files: list[DeliveredFile]) -> None:
        rows = [
            {
                "file_name": file.name,
                "table_name": file.table,
                "path": file.path.as_posix(),
                "batch": file.batch,
                "kind": file.kind,
                "truth_rank": number + 1,
                "records": file.records,
                "exact_repeats": file.repeats,
                "bytes": file.size,
                "sha256": file.sha256,
            }
            for number, file in enumerate(files)
        ]
        schema = pa.schema(
            [
                *((name, pa.string()) for name in ("file_name", "table_name", "path")),
                ("batch", pa.int64()),
                ("kind", pa.string()),
                *((name, pa.int64()) for name in ("truth_rank", "records", "exact_repeats", "bytes")),
                ("sha256", pa.string()),
            ]
        )
        write_parquet(pa.Table.from_pylist(rows, schema), self.stage / TRUTH / "files.parquet")


def _winners(later: list[tuple[int, tuple[int, int], pa.Table]], key: str, batch: int) -> pa.Table | None:
    """Of the records delivered after the initial load and up to ``batch``, the winning one of each key, by key."""
    chosen = sorted(((rank, truth) for number, rank, truth in later if number <= batch), key=lambda item: item[0])
    if not chosen:
        return None
    everything = pa.concat_tables([truth for _, truth in chosen])
    order = np.repeat(np.arange(len(chosen)), [len(truth) for _, truth in chosen])
    keys = everything[key].to_numpy()
    by_key = np.lexsort((everything["_record_number"].to_numpy(), order, keys))
    last = np.append(keys[by_key][1:] != keys[by_key][:-1], True)
    return everything.take(pa.array(by_key[last])).unify_dictionaries().combine_chunks()


def _merge_state(
    base: Path | None, winners: pa.Table | None, key: str, path: Path, columns: list[str] | None, schema: pa.Schema
) -> None:
    """Write the initial load with the winners in place of their keys, by key; only ``columns`` when given."""
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns])
        winners = winners.select(columns) if winners is not None else None
    winner_keys = winners[key].to_numpy() if winners is not None else np.empty(0, dtype=np.int64)
    done = 0
    with parquet_writer(path, schema) as writer:
        source = pq.ParquetFile(base) if base is not None else None
        for group in range(source.num_row_groups if source is not None else 0):
            rows = source.read_row_group(group, columns=columns)
            keys = rows[key].to_numpy()
            upto = int(np.searchsorted(winner_keys, keys[-1], side="right")) if len(keys) else done
            if upto > done:
                rows = pa.concat_tables(
                    [rows.filter(pa.array(~np.isin(keys, winner_keys[done:upto]))), winners.slice(done, upto - done)]
                )
                rows = rows.unify_dictionaries().combine_chunks().sort_by(key)
            done = upto
            writer.write_table(rows, row_group_size=max(len(rows), 1))
        if winners is not None and done < len(winners):
            writer.write_table(winners.slice(done), row_group_size=len(winners))
