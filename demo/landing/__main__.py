"""Command line of the landing generator: ``python -m demo.landing``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .config import FEEDS, LandingConfig, LandingError
from .zone import generate

_DESCRIPTION = """\
Make a landing zone: the dirty files that the source systems deliver, and the truth about them.

  <out>/gcp/inbox/<table>/<table>_batch_<nnn>.csv    web shop (feed thelook), batch 000 is the initial load
  <out>/aws/dms/listings/shop/listings/*.csv         product listings (feed listings), full load and change files
  <out>/aws/marketplace/sale_reports/*.csv           a marketplace's sales reports (feed marketplace)
  <out>/sql/grocery.sqlite                           a grocer's database (feed grocery), as the last batch leaves it
  <out>/gcp/product_images/<product>_<number>.jpg    product pictures (feed pictures)
  <out>/gcp/yoga_images/<Pose>/<number>.jpg          people in yoga poses (feed yoga)
  <out>/truth/                                       what was meant, as Parquet, and the settings (landing.json)

The same seed, scale and batches give the same bytes. More batches only add files, so that a landing zone can grow
batch by batch. A folder that holds another landing zone is not touched without --force.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.landing",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # Values are taken as text and checked together, so that one message names everything that is wrong.
    parser.add_argument("--scale", default="0.01", help="1 is 100,000 users, about 3.3 million rows (default 0.01)")
    parser.add_argument("--batches", default="3", help="later batches after the initial load (default 3)")
    parser.add_argument("--seed", default="42", help="whole number; other seed, other data (default 42)")
    parser.add_argument("--out", default="landing", help="folder of the landing zone (default landing)")
    parser.add_argument("--feeds", nargs="*", default=list(FEEDS), metavar="FEED", help=f"of {', '.join(FEEDS)} (all)")
    parser.add_argument("--only-batches", metavar="N,N", help="deliver only these batches, e.g. 2,3; 0 is the initial")
    parser.add_argument("--threads", default=str(min(4, os.cpu_count() or 1)), help="the files do not depend on it")
    parser.add_argument("--force", action="store_true", help="replace a landing zone made with other settings")
    parser.add_argument("--quiet", action="store_true", help="say nothing when all is well")
    return parser


def _config(arguments: argparse.Namespace) -> LandingConfig:
    """Read all values; raise one LandingError for all that cannot be read or followed."""
    problems: list[str] = []

    def read(option: str, text: str, kind: Callable[[str], Any], expected: str, fallback: Any) -> Any:
        try:
            return kind(text)
        except ValueError:
            problems.append(f"{option} is {text!r}: expected {expected}.")
            return fallback

    only = None
    if arguments.only_batches is not None:
        only = tuple(
            read("--only-batches", number, int, "whole numbers with commas between them, e.g. 2,3", 0)
            for number in arguments.only_batches.split(",")
        )
    config = LandingConfig(
        scale=read("--scale", arguments.scale, float, "a number above 0, e.g. 0.01", 0.01),
        batches=read("--batches", arguments.batches, int, "a whole number from 0", 10**6 if only else 3),
        seed=read("--seed", arguments.seed, int, "a whole number from 0", 0),
        out=Path(arguments.out),
        feeds=tuple(dict.fromkeys(arguments.feeds)),
        only_batches=only,
        force=arguments.force,
        threads=read("--threads", arguments.threads, int, "a whole number from 1", 1),
    )
    unread = {problem.split(" ", 1)[0] for problem in problems}
    problems += [problem for problem in config.problems() if problem.split(" ", 1)[0] not in unread]
    if problems:
        raise LandingError("The landing zone cannot be made:\n" + "\n".join(f"  - {problem}" for problem in problems))
    return config


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line. Returns 0, 2 when the landing zone cannot be generated, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        summary = generate(_config(arguments))
    except LandingError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted: the landing zone is as it was before.", file=sys.stderr)
        return 130
    if not arguments.quiet:
        print(summary.message)
    return 0


if __name__ == "__main__":
    sys.exit(main())
