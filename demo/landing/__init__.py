"""Landing generator: a web shop's dirty files, a product database's change files, and the truth about both.

``python -m demo.landing --help`` tells the options; from Python::

    from demo.landing import LandingConfig, generate

    generate(LandingConfig(scale=0.01, batches=3, seed=42, out=Path("landing")))

Files of the feed ``thelook``, below ``gcp/inbox/<table>/``:

* ``<table>_batch_000.csv`` is the initial load (everything up to 2026-02-01), ``_001`` and on are batches of five
  days. Distribution centres come with the initial load only.
* ``users_batch_<n-2>_late.csv`` and ``orders_batch_<n-2>_redelivered.csv`` come with every third batch n (3, 6, …):
  an older file that arrives late, and the bytes of an older file under another name.
* A later batch holds new, edited, re-sent and clean re-sent records; their number is the source notes' (30 products,
  100 users, 120 orders, 200 order items, 300 inventory items, 500 events at scale 0.01), in proportion to the scale.
* Order of truth: names compared with digit runs as numbers; a later name wins, in a file the last record wins, and
  exact repeats in a file do not count.

Files of the feed ``listings``, below ``aws/dms/listings/shop/listings/``: ``LOAD00000001.csv`` and change files; order
of truth is (``dms_commit_ts``, file name, record).

Files of the feed ``marketplace``, below ``aws/marketplace/sale_reports/``: one report per batch, 128,975 lines at scale 1
in the first one; order of truth is (file name, record).

The feed ``grocery`` is a database, ``sql/grocery.sqlite``: 38,765 rows at scale 1, and later batches insert, correct and
delete. Only its last state is there.

Pictures of the feeds ``pictures`` and ``yoga``, below ``gcp/product_images/`` and ``gcp/yoga_images/<Pose>/``, see
:mod:`demo.landing.pictures`. They are objects: a later batch overwrites some of them under the same name.

Truth, below ``truth/``:

* ``thelook/<table>.parquet``: one row per key after all delivered files, by key: the delivered columns, typed, as the
  winning record meant them; ``<column>__delivered`` (clean, padded, recased, sentinel, empty, currency, reformatted,
  exported: what happened to the winner's cell); ``<column>_value_type`` for money; ``_file_name`` and ``_record_number`` of the
  winner.
* ``thelook/<table>_after_<nnn>.parquet``: the same after batches up to nnn; with more than 100,000 keys only the key
  and ``_file_name``.
* ``thelook/files.parquet`` and ``listings/files.parquet``: every delivered file with its counts and hash.
* ``listings/listings.parquet`` and ``listings_after_<nnn>.parquet`` (current rows), ``listings_history.parquet``
  (versions with ``valid_from``, ``valid_to``, ``is_current``, ``deleted``), ``listings_changes.parquet`` (all
  delivered records), ``product_looks.parquet`` (what each product looks like and what its description says of it).
* ``marketplace/lines.parquet`` and ``lines_after_<nnn>.parquet`` (one row per order and SKU), ``files.parquet``.
* ``grocery/transactions.parquet`` and ``transactions_after_<nnn>.parquet`` (the table's rows, as they were meant).
* ``pictures/product_images.parquet`` and ``yoga/yoga_images.parquet``: what each picture shows, and what is wrong with it.
* ``landing.json``: the settings, and each delivered file with bytes, records and SHA-256.

The bytes depend on the versions of numpy and pyarrow (their random streams and number formats are stable but not
promised for ever), not on the machine, the number of threads or the clock.
"""

from .config import FEEDS, LandingConfig, LandingError
from .zone import Summary, generate

__all__ = ["FEEDS", "LandingConfig", "LandingError", "Summary", "generate"]
