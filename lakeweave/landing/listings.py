"""The listings feed: rows of the shop's database as the AWS Database Migration Service writes them to S3."""

from __future__ import annotations

from pathlib import Path

from .shop import Shop

LISTINGS = Path("aws/dms/listings/shop/listings")
TRUTH = Path("truth/listings")


def deliver_listings(stage: Path, shop: Shop, delivered: tuple[int, ...]) -> list:
    """To follow."""
    return []
