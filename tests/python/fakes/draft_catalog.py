# ruff: noqa: E501
"""The relations of the shop, as the planner sees them, without dbt."""

from __future__ import annotations

from lakeweave.draft.catalog import Catalog, Column, Relation

_RECORD = ["is_duplicate_in_file", "processed_at", "_content_hash", "_file_name", "_record_number"]
_SILVER = ["silver_loaded_at", "untyped_values", "_content_hash", "_record_number"]
_PERSONAL = {"first_name", "last_name", "email", "street_address", "postal_code", "latitude", "longitude"}
_DOMAINS = {"gender": "gender", "country": "country", "status": "order_status", "traffic_source": "user_traffic_source"}
_TABLES = {
    "users": "id first_name last_name email gender state street_address postal_code city country traffic_source age latitude longitude "
    "created_at",
    "orders": "order_id user_id status gender num_of_item created_at shipped_at delivered_at returned_at",
    "order_items": "id order_id user_id product_id inventory_item_id status sale_price sale_price_value_type created_at shipped_at "
    "delivered_at returned_at",
    "products": "id distribution_center_id name brand category department sku cost cost_value_type retail_price retail_price_value_type",
    "inventory_items": "id product_id cost cost_value_type created_at sold_at",
}
_ENRICHED = (
    "order_item_id order_id user_id product_id order_status user_country product_category sale_price sale_price_usd is_sold "
    "is_returned ordered_at"
)


def _columns(names: list[str], layer: str) -> dict[str, Column]:
    return {
        name: Column(name, name in _PERSONAL, _DOMAINS.get(name, "") if layer == "silver" else "", name)
        for name in names
    }


def shop_catalog() -> Catalog:
    """Bronze, silver and the priced order items."""
    relations = {}
    for table, text in _TABLES.items():
        key = "order_id" if table == "orders" else "id"
        for layer, more in (("bronze", _RECORD), ("silver", _SILVER)):
            name = f"{layer}.{table}"
            columns = _columns(text.split() + more, layer)
            relations[name] = Relation(name, f"{layer}_{table}", columns, "thelook", key if layer == "silver" else "")
    relations["gold.orders_enriched"] = Relation(
        "gold.orders_enriched", "orders_enriched", _columns(_ENRICHED.split(), "gold"), "shop", "order_item_id"
    )
    spellings = {
        "gender": {"m": "Male", "male": "Male", "f": "Female", "female": "Female"},
        "order_status": {word.lower(): word for word in ("Cancelled", "Complete", "Processing", "Returned", "Shipped")},
        "country": {"united states": "United States", "brasil": "Brazil", "brazil": "Brazil"},
        "user_traffic_source": {"facebook": "Facebook"},
    }
    return Catalog(relations, spellings, frozenset(_PERSONAL | set(_DOMAINS)))
