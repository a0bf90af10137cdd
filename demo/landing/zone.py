"""The landing zone as a whole: compares settings, generates beside the final place and moves into it at the end."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import drawings
from .blocks import TABLES
from .config import FEEDS, LandingConfig, LandingError
from .delivery import INBOX, ThelookDelivery
from .delivery import TRUTH as THELOOK_TRUTH
from .grocery import DATABASE, READS, deliver_grocery
from .grocery import TRUTH as GROCERY_TRUTH
from .listings import LISTINGS, deliver_listings
from .listings import TRUTH as LISTINGS_TRUTH
from .marketplace import REPORTS, deliver_marketplace
from .marketplace import TRUTH as MARKETPLACE_TRUTH
from .pictures import PICTURES_TRUTH, PRODUCT_IMAGES, YOGA_IMAGES, YOGA_TRUTH, deliver_pictures, deliver_yoga
from .shop import Shop

SETTINGS = Path("truth/landing.json")
# Raised when the same settings give other bytes than before.
FORMAT = 2
# The folders that each feed writes to: deliveries, and the truth about them.
FOLDERS = {
    "thelook": (*(INBOX / name for name in TABLES), THELOOK_TRUTH),
    "listings": (LISTINGS, LISTINGS_TRUTH),
    "marketplace": (REPORTS, MARKETPLACE_TRUTH),
    "grocery": (DATABASE.parent, GROCERY_TRUTH),
    "pictures": (PRODUCT_IMAGES, PICTURES_TRUTH),
    "yoga": (*(YOGA_IMAGES / pose for pose in drawings.POSES), YOGA_TRUTH),
}


@dataclass(frozen=True)
class Summary:
    """What a run did. ``rows`` counts the delivered records of the written files, ``seconds`` is wall time."""

    out: Path
    written: int
    rows: int
    size: int
    seconds: float
    message: str


def _fixed_settings(config: LandingConfig) -> dict[str, object]:
    """The settings that make two landing zones different ones; further batches only add to a zone."""
    return {"format": FORMAT, "scale": config.scale, "seed": config.seed, "feeds": sorted(config.feeds)}


def _read_settings(out: Path) -> dict | None:
    path = out / SETTINGS
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and isinstance(found.get("files"), dict) else {}
    except (OSError, ValueError):
        return {}


def _describe(settings: dict) -> str:
    batches = settings.get("batches", [])
    return (
        f"scale {settings.get('scale')}, seed {settings.get('seed')}, feeds {', '.join(settings.get('feeds', []))}, "
        f"batches {', '.join(map(str, batches))}"
    )


def _owned_leftovers(out: Path, feeds: tuple[str, ...]) -> list[Path]:
    """Files in the places that this generator writes to."""
    folders = [out / folder for feed in feeds for folder in FOLDERS.get(feed, ())]
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path.is_file()]


def _damaged(out: Path, files: dict[str, dict]) -> list[str]:
    """Delivered files that are there with another size than they were written with."""
    return [
        f"{name} has {(out / name).stat().st_size} bytes, {entry['bytes']} were written"
        for name, entry in files.items()
        if (out / name).exists() and (out / name).stat().st_size != entry["bytes"]
    ]


def _compare(config: LandingConfig, found: dict | None) -> tuple[tuple[int, ...], str | None]:
    """What to deliver so that old and new batches are there, or the sentence that says why this zone is in the way."""
    out = config.out
    advice = "Choose another --out, or replace it with --force."
    if found is None:
        leftovers = _owned_leftovers(out, config.feeds)
        if leftovers:
            return (), (
                f"{out} has files but no {SETTINGS}, e.g. {leftovers[0]}: it is not known how they were made. {advice}"
            )
        return config.delivered, None
    if not found:
        return (), f"{out / SETTINGS} cannot be read as the settings of a landing zone. {advice}"
    wanted = {**_fixed_settings(config), "batches": list(config.delivered)}
    old = {name: found.get(name) for name in wanted}
    if any(old[name] != wanted[name] for name in _fixed_settings(config)):
        if old["format"] != FORMAT:
            return (), f"{out} was made by another version of the generator. {advice}"
        return (), f"{out} holds another landing zone ({_describe(old)}); asked for {_describe(wanted)}. {advice}"
    if config.only_batches is None and set(old["batches"]) - set(wanted["batches"]):
        return (), f"{out} holds more than was asked for ({_describe(old)}); asked for {_describe(wanted)}. {advice}"
    damaged = _damaged(out, found["files"])
    if damaged:
        return (), f"Files of {out} were changed since they were written: {'; '.join(damaged[:3])}. {advice}"
    return tuple(sorted({*old["batches"], *config.delivered})), None


def _complete(out: Path, found: dict | None, delivered: tuple[int, ...]) -> bool:
    """Whether everything that should be there is there."""
    if not found or tuple(found["batches"]) != delivered:
        return False
    return all((out / name).exists() for name in [*found["files"], *found["truth"]])


def _progress_bar(config: LandingConfig) -> tuple[Callable[[int], None], Callable[[], None]]:
    """A progress bar on a terminal, nothing elsewhere: (advance by rows, close)."""
    if not sys.stderr.isatty():
        return (lambda rows: None), (lambda: None)
    try:
        from tqdm import tqdm
    except ImportError:
        return (lambda rows: None), (lambda: None)
    per_batch = sum(table.batch_rows for table in TABLES.values()) * config.scale / 0.01
    expected = int(1.03 * (3_360_000 * config.scale + per_batch * max(config.delivered, default=0)))
    bar = tqdm(total=expected, unit=" rows", unit_scale=True, desc="landing", leave=False)
    return bar.update, bar.close


def _stage_files(config: LandingConfig, delivered: tuple[int, ...], stage: Path) -> dict[str, dict]:
    """Generate all feeds below ``stage``; returns path -> bytes, records and hash of each delivered file."""
    advance, close = _progress_bar(config)
    files: dict[str, dict] = {}

    def note(delivery: Iterable[Any], counted: bool = False) -> None:
        for file in delivery:
            files[file.path.as_posix()] = {"bytes": file.size, "records": file.records, "sha256": file.sha256}
            if not counted:
                advance(file.records)

    try:
        if {"thelook", "listings", "pictures"} & set(config.feeds):
            shop = Shop(config.scale, config.seed)
            # The listings need the catalogue as it was opened, before later batches change it.
            if "listings" in config.feeds:
                note(deliver_listings(stage, shop, delivered))
            if "pictures" in config.feeds:
                note(deliver_pictures(stage, shop, delivered, config.threads))
            if "thelook" in config.feeds:
                note(ThelookDelivery(stage, shop, delivered, config.threads, advance).run(), counted=True)
        if "marketplace" in config.feeds:
            note(deliver_marketplace(stage, config.scale, config.seed, delivered))
        if "grocery" in config.feeds:
            deliver_grocery(stage, config.scale, config.seed, delivered)
        if "yoga" in config.feeds:
            note(deliver_yoga(stage, config.scale, config.seed, delivered, config.threads))
    finally:
        close()
    shutil.rmtree(stage / "work", ignore_errors=True)
    return dict(sorted(files.items()))


def _is_same(name: str, known: dict[str, dict], files: dict[str, dict]) -> bool:
    return known.get(name, files[name])["sha256"] == files[name]["sha256"]


def _move_into_place(config: LandingConfig, found: dict | None, stage: Path, files: dict[str, dict]) -> None:
    """Put staged files where they belong. The settings go last: they say that everything else is there."""
    out = config.out.resolve()
    if not out.exists() or not any(out.iterdir()):
        umask = os.umask(0)
        os.umask(umask)
        stage.chmod(0o777 & ~umask)
        os.replace(stage, out)
        return
    if config.force:
        (out / SETTINGS).unlink(missing_ok=True)
        for path in [*_owned_leftovers(out, tuple(FEEDS)), *(out / name for name in (found or {}).get("files", {}))]:
            path.unlink(missing_ok=True)
    staged = sorted(path.relative_to(stage) for path in stage.rglob("*") if path.is_file())
    known = (found or {}).get("files", {}) if not config.force else {}
    for name in sorted(staged, key=lambda name: name == SETTINGS):
        # A delivered file stays as it is; only an object that was replaced under its name is another one now.
        if name.as_posix() in files and (out / name).exists() and _is_same(name.as_posix(), known, files):
            continue
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(stage / name, out / name)


def generate(config: LandingConfig) -> Summary:
    """Make the landing zone that ``config`` describes.

    The same settings again do nothing; more batches add files and renew the truth, and never touch a delivered file.

    Raises:
        LandingError: settings that are impossible, or a landing zone in the way that was made with other settings.
    """
    started = time.monotonic()
    config.validate()
    out = config.out.resolve()
    found = _read_settings(out)
    if config.force:
        delivered = config.delivered
    else:
        delivered, obstacle = _compare(config, found)
        if obstacle:
            raise LandingError(obstacle)
        if _complete(out, found, delivered):
            message = f"{config.out} is already there with these settings ({_describe(found or {})}): nothing to do."
            return Summary(out, 0, 0, 0, time.monotonic() - started, message)
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        files = _stage_files(config, delivered, stage)
        known = (found or {}).get("files", {}) if not config.force else {}
        new = [n for n in files if n not in known or not (out / n).exists() or not _is_same(n, known, files)]
        # A database is no delivery: it stands here in its last state, and is replaced by the next.
        states = [*(stage / "truth").rglob("*.parquet"), *(stage / DATABASE.parent).glob(DATABASE.name)]
        truth = sorted(path.relative_to(stage).as_posix() for path in states)
        settings = {**_fixed_settings(config), "batches": list(delivered), "files": files, "truth": truth}
        (stage / SETTINGS).parent.mkdir(parents=True, exist_ok=True)
        (stage / SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        _move_into_place(config, found, stage, files)
        if "grocery" in config.feeds:
            (out / READS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LandingError(
            f"The landing zone {config.out} could not be written: {error}. Check space and permissions."
        ) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    rows, size = sum(files[name]["records"] for name in new), sum(files[name]["bytes"] for name in new)
    seconds = time.monotonic() - started
    message = (
        f"{config.out}: {len(new)} files with {rows:,} records ({size / 1e6:,.1f} MB) in {seconds:.1f} s "
        f"({_describe(settings)}); the truth is in {config.out / 'truth'}."
    )
    return Summary(out, len(new), rows, size, seconds, message)
