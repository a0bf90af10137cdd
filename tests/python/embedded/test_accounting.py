"""Silver accounts for every record and every value of bronze, whatever is delivered, in whatever order."""

from __future__ import annotations

COLUMNS = [
    "id", "first_name", "last_name", "email", "age", "gender", "state", "street_address", "postal_code", "city", "country",
    "latitude", "longitude", "traffic_source", "created_at",
]  # fmt: skip
