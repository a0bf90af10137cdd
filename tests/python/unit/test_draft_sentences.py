# ruff: noqa: E501
"""Sentences in many wordings, and the plan that the offline planner makes of each.

Each case is a sentence and the lines of its plan. A line that begins with ``?`` is a part that the planner reports as not
understood; a sentence whose case has no such line must be understood as a whole.
"""

from __future__ import annotations

import pytest

from lakeweave.draft.grammar import plan_of
from tests.python.fakes.draft_catalog import shop_catalog

USERS = "silver.users from bronze.users"
ORDERS = "silver.orders from bronze.orders"
ITEMS = "silver.order_items from bronze.order_items"

DOCUMENT = [
    (
        "Create a silver.users table from bronze.users that deduplicates by id keeping the row with the most recent processed_at, "
        "casts age to INT64, standardizes gender M to Male and F to Female, and excludes rows where email is null.",
        [
            USERS,
            "one row per id, newest processed_at",
            "age as integer",
            "gender: M is Male, F is Female",
            "without email is null",
        ],
    ),
    (
        "Create a silver.orders table from bronze.orders that deduplicates by order_id, casts "
        "created_at/shipped_at/delivered_at/returned_at to TIMESTAMP, and standardizes status to title case.",
        [
            ORDERS,
            "one row per order_id",
            "created_at as timestamp",
            "shipped_at as timestamp",
            "delivered_at as timestamp",
            "returned_at as timestamp",
            "status in title case",
        ],
    ),
    (
        "Create a silver.order_items table from bronze.order_items that deduplicates by id, casts timestamps to TIMESTAMP, and "
        "normalizes sale_price to FLOAT64 (drop the value_type column — we'll use it in gold).",
        [
            ITEMS,
            "one row per id",
            "created_at as timestamp",
            "shipped_at as timestamp",
            "delivered_at as timestamp",
            "returned_at as timestamp",
            "sale_price as float",
            "without column sale_price_value_type",
            "? we'll use it in gold",
        ],
    ),
    (
        "Create a gold.customer_metrics table from silver.users joined with silver.orders and silver.order_items. Include: "
        "user_id, email, country, lifetime_order_count, total_spend, avg_order_value, first_order_at, last_order_at, "
        "return_rate, days_since_last_order, and a churn_flag that is TRUE when days_since_last_order exceeds 90.",
        [
            "gold.customer_metrics from silver.users with silver.orders, silver.order_items",
            "include user_id, email, country, lifetime_order_count, total_spend, avg_order_value, first_order_at, "
            "last_order_at, return_rate, days_since_last_order",
            "flag churn_flag when days_since_last_order > 90",
        ],
    ),
    (
        "Create a gold.product_performance table from silver.products joined with silver.order_items and "
        "silver.inventory_items. Include: product_id, name, category, brand, department, units_sold, total_revenue, "
        "avg_sale_price, return_count, return_rate, avg_margin_pct, inventory_turnover_ratio.",
        [
            "gold.product_performance from silver.products with silver.order_items, silver.inventory_items",
            "include product_id, name, category, brand, department, units_sold, total_revenue, avg_sale_price, return_count, "
            "return_rate, avg_margin_pct, inventory_turnover_ratio",
        ],
    ),
    (
        "Create a gold.daily_sales table aggregated by date from silver.orders and silver.order_items. Include: sale_date, "
        "order_count, total_revenue, unique_customers, new_customers (first order that day), avg_basket_size.",
        [
            "gold.daily_sales from silver.orders with silver.order_items",
            "by date",
            "include sale_date, order_count, total_revenue, unique_customers, new_customers, avg_basket_size",
        ],
    ),
]

SENTENCES = [
    # ---------- one row per key
    ("Build silver.users out of bronze.users with one row per id.", [USERS, "one row per id"]),
    (
        "Make a silver users table based on bronze.users, and remove duplicates by id.",
        [USERS, "one row per id"],
    ),
    (
        "I need silver.orders from bronze.orders, de-duplicated on order_id, keeping the newest row.",
        [ORDERS, "one row per order_id"],
    ),
    (
        "Please write the model silver_orders from bronze_orders that keeps only one record for each order_id",
        [ORDERS, "one row per order_id"],
    ),
    (
        "Give me silver.users using bronze.users, deduping on the id column and keeping the latest record by processed_at.",
        [USERS, "one row per id, newest processed_at"],
    ),
    (
        "Generate silver.orders from bronze.orders that deduplicates per order_id and keeps the row with the highest num_of_item.",
        [ORDERS, "one row per order_id, newest num_of_item"],
    ),
    (
        "Draft silver.users from bronze.users. Deduplicate by id. Keep the oldest row.",
        [USERS, "one row per id", "? Keep the oldest row"],
    ),
    ("Build silver.orders from bronze.orders, unique by order_id.", [ORDERS, "one row per order_id"]),
    # ---------- casts
    ("Create silver.users from bronze.users and cast age to integer.", [USERS, "age as integer"]),
    ("Create silver.users from bronze.users, converting age into a whole number.", [USERS, "age as integer"]),
    (
        "Create silver.users from bronze.users and parse created_at as a timestamp.",
        [USERS, "created_at as timestamp"],
    ),
    (
        "Create silver.users from bronze.users, casting latitude and longitude to DOUBLE.",
        [USERS, "latitude as float", "longitude as float"],
    ),
    (
        "Create silver.users from bronze.users that casts age to bigint, latitude to float and created_at to datetime.",
        [USERS, "age as integer", "latitude as float", "created_at as timestamp"],
    ),
    (
        "Create silver.orders from bronze.orders, turning all timestamps into timestamp.",
        [
            ORDERS,
            "created_at as timestamp",
            "shipped_at as timestamp",
            "delivered_at as timestamp",
            "returned_at as timestamp",
        ],
    ),
    (
        "Create silver.orders from bronze.orders where num_of_item is an integer.",
        [ORDERS, "num_of_item as integer"],
    ),
    (
        "Create silver.order_items from bronze.order_items; normalise sale_price to money.",
        [ITEMS, "sale_price as money"],
    ),
    (
        "Create silver.order_items from bronze.order_items and read sale_price as a decimal.",
        [ITEMS, "sale_price as money"],
    ),
    ("Create silver.users from bronze.users and cast age to geography.", [USERS, "? cast age to geography"]),
    ("Create silver.users from bronze.users and cast shoe_size to integer.", [USERS, "? cast shoe_size to integer"]),
    # ---------- values
    (
        "Create silver.users from bronze.users, mapping gender m to Man and f to Woman.",
        [USERS, "gender: m is Man, f is Woman"],
    ),
    (
        "Create silver.users from bronze.users and replace 'M' with 'Male' in gender.",
        [USERS, "gender: M is Male"],
    ),
    (
        "Create silver.users from bronze.users that standardises gender so that M becomes Male and F becomes Female.",
        [USERS, "gender: M is Male, F is Female"],
    ),
    (
        'Create silver.users from bronze.users and recode country "USA" as "United States".',
        [USERS, "country: USA is United States"],
    ),
    (
        "Create silver.users from bronze.users that standardizes gender M/F to Male/Female.",
        [USERS, "gender: M is Male, F is Female"],
    ),
    (
        "Create silver.users from bronze.users, changing traffic_source values from 'FB' to 'Facebook'.",
        [USERS, "traffic_source: FB is Facebook"],
    ),
    (
        "Create silver.orders from bronze.orders and map status 'Canceled' to 'Cancelled', 'Done' to 'Complete'.",
        [ORDERS, "status: Canceled is Cancelled, Done is Complete"],
    ),
    # ---------- case
    ("Create silver.orders from bronze.orders with status in title case.", [ORDERS, "status in title case"]),
    ("Create silver.orders from bronze.orders and title-case status.", [ORDERS, "status in title case"]),
    ("Create silver.users from bronze.users, lowercasing email.", [USERS, "email in lower case"]),
    (
        "Create silver.users from bronze.users with postal_code in upper case and email in lower case.",
        [USERS, "postal_code in upper case", "email in lower case"],
    ),
    ("Create silver.users from bronze.users and put city into proper case.", [USERS, "city in title case"]),
    ("Create silver.users from bronze.users, trimming city.", [USERS, "city trimmed"]),
    # ---------- rows
    ("Create silver.users from bronze.users and drop rows where email is missing.", [USERS, "without email is null"]),
    ("Create silver.users from bronze.users without rows that have no email.", [USERS, "without email is null"]),
    (
        "Create silver.users from bronze.users, filtering out records whose country is empty.",
        [USERS, "without country is null"],
    ),
    (
        "Create silver.users from bronze.users and keep only rows where country = 'Japan'.",
        [USERS, "only country = 'Japan'"],
    ),
    (
        "Create silver.orders from bronze.orders, leaving out orders with status 'Cancelled'.",
        [ORDERS, "without status = 'Cancelled'"],
    ),
    (
        "Create silver.users from bronze.users, casts age to INT64 and removes rows where age is below 18.",
        [USERS, "age as integer", "without age < 18"],
    ),
    (
        "Create silver.users from bronze.users and exclude users where email is null or country is null.",
        [USERS, "without email is null or country is null"],
    ),
    (
        "Create silver.orders from bronze.orders and keep rows where status is one of Complete, Shipped.",
        [ORDERS, "only status in ('Complete', 'Shipped')"],
    ),
    (
        "Create silver.users from bronze.users and ignore rows where mood is bad.",
        [USERS, "? ignore rows where mood is bad"],
    ),
    ("Create silver.users from bronze.users; email must not be null.", [USERS, "without email is null"]),
    # ---------- columns
    (
        "Create silver.users from bronze.users and drop the latitude and longitude columns.",
        [USERS, "without column latitude", "without column longitude"],
    ),
    ("Create silver.users from bronze.users, rename id to user_id.", [USERS, "id named user_id"]),
    (
        "Create silver.users from bronze.users without the column street_address.",
        [USERS, "without column street_address"],
    ),
    # ---------- gold
    (
        "Build gold.users_by_country from silver.users aggregated by country with user_count and the average age.",
        ["gold.users_by_country from silver.users", "by country", "include user_count", "average of age as avg_age"],
    ),
    (
        "Create gold.revenue_by_day by day from silver.orders joined with silver.order_items. Show total_revenue and order_count.",
        [
            "gold.revenue_by_day from silver.orders with silver.order_items",
            "by date",
            "include total_revenue, order_count",
        ],
    ),
    (
        "Create gold.monthly_sales per month from silver.orders and silver.order_items. Include order count, revenue and units sold.",
        [
            "gold.monthly_sales from silver.orders with silver.order_items",
            "by month",
            "include order_count, revenue, units_sold",
        ],
    ),
    (
        "Make gold.big_spenders from silver.users combined with silver.orders and silver.order_items. Columns: user_id, total "
        "spend, and a vip_flag set to true if total_spend is at least 500.",
        [
            "gold.big_spenders from silver.users with silver.orders, silver.order_items",
            "include user_id, total_spend",
            "flag vip_flag when total_spend >= 500",
        ],
    ),
    (
        "Create gold.customer_orders from silver.users joined to silver.orders. Include: user_id, number of orders, first order "
        "date and last_order_at.",
        [
            "gold.customer_orders from silver.users with silver.orders",
            "include user_id, order_count, first_order_at, last_order_at",
        ],
    ),
    (
        "Create gold.returns from silver.products joined with silver.order_items. Include: product_id, return_rate and a "
        "risky flag which is true when return_rate is greater than 0.2.",
        [
            "gold.returns from silver.products with silver.order_items",
            "include product_id, return_rate",
            "flag risky when return_rate > 0.2",
        ],
    ),
    (
        "Create gold.order_sizes from silver.orders grouped by status. Include count of orders, sum of num_of_item as items and "
        "maximum num_of_item.",
        [
            "gold.order_sizes from silver.orders",
            "by status",
            "include order_count",
            "sum of num_of_item as items",
            "maximum of num_of_item as max_num_of_item",
        ],
    ),
    (
        "Create gold.customers from silver.users joined with silver.orders. Include: user_id, lifetime_order_count, happiness.",
        [
            "gold.customers from silver.users with silver.orders",
            "include user_id, lifetime_order_count",
            "? happiness",
        ],
    ),
    (
        "Create gold.ages from silver.users summarised per country and gender. Include: number of users, min age, max age.",
        [
            "gold.ages from silver.users",
            "by country, gender",
            "include user_count",
            "minimum of age as min_age",
            "maximum of age as max_age",
        ],
    ),
    # ---------- what is not understood
    ("Create silver.users from bronze.users and make it pretty.", [USERS, "? make it pretty"]),
    (
        "Create silver.users from bronze.users, cast age to int64, then e-mail the result to my boss.",
        [USERS, "age as integer", "? e-mail the result to my boss"],
    ),
    ("Create silver.users from bronze.customers.", ["? bronze.customers"]),
    ("Tell me a joke.", ["? Tell me a joke"]),
    ("Create silver.users from bronze.users and partition it by created_at.", [USERS, "? partition it by created_at"]),
    (
        "Build silver.users from bronze.users: dedupe by id; cast age to int; predict the churn of each user.",
        [USERS, "one row per id", "age as integer", "? predict the churn of each user"],
    ),
    # ---------- all together
    (
        "We need a silver.users model on top of bronze.users. It should hold one row per id, age must be an integer, gender M "
        "should become Male, and rows without an email should be left out.",
        [
            USERS,
            "one row per id",
            "age as integer",
            "gender: M is Male",
            "without email is null",
        ],
    ),
    (
        "Build silver.orders over bronze.orders, deduplicating by order_id; cast num_of_item to int and created_at to timestamp; "
        "title case for status; drop the gender column.",
        [
            ORDERS,
            "one row per order_id",
            "num_of_item as integer",
            "created_at as timestamp",
            "status in title case",
            "without column gender",
        ],
    ),
]


@pytest.mark.parametrize(("sentence", "lines"), DOCUMENT + SENTENCES, ids=lambda value: str(value)[:60])
def test_plan_of_a_sentence(sentence, lines):
    assert plan_of(sentence, shop_catalog()).lines() == lines


def test_there_are_at_least_sixty_sentences_in_other_words():
    assert len({sentence for sentence, _ in SENTENCES}) >= 60
