"""What is bought together: association rules from the frequent item sets of all baskets.

Which sets are frequent does not depend on how they are found: Spark has FP-growth of its own, DuckDB extends the
frequent sets item by item with joins. The rules are made of them by one piece of code.
"""

from itertools import combinations

# A set of items is frequent from this share of all baskets on, and from this number: fewer are a coincidence.
MIN_SUPPORT = 0.001
MIN_BASKETS = 3
MIN_CONFIDENCE = 0.1

COLUMNS = (
    ("antecedents", "string"),
    ("consequents", "string"),
    ("antecedent_size", "bigint"),
    ("consequent_size", "bigint"),
    ("basket_count", "bigint"),
    ("antecedent_support", "double"),
    ("consequent_support", "double"),
    ("support", "double"),
    ("confidence", "double"),
    ("lift", "double"),
    ("leverage", "double"),
    ("conviction", "double"),
    ("zhangs_metric", "double"),
)


def model(dbt, session):
    """One row per rule: who buys the antecedents also buys the consequents."""
    dbt.config(materialized="table")
    transactions = dbt.ref("silver_transactions")
    on_spark = hasattr(transactions, "sparkSession")
    baskets, sets = (sets_on_spark if on_spark else sets_on_duckdb)(session, transactions)
    rules = make_rules(sets, baskets)
    if on_spark:
        return session.createDataFrame(rules, ", ".join(f"{name} {kind}" for name, kind in COLUMNS))
    import pyarrow

    kinds = {"string": pyarrow.string(), "bigint": pyarrow.int64(), "double": pyarrow.float64()}
    values = list(zip(*rules, strict=True)) or [[]] * len(COLUMNS)
    return pyarrow.table(
        {name: pyarrow.array(column, kinds[kind]) for (name, kind), column in zip(COLUMNS, values, strict=True)}
    )


def least_count(baskets):
    """In how many baskets a set is, at the least, to be frequent."""
    return max(MIN_BASKETS, -(-baskets * round(MIN_SUPPORT * 1_000_000) // 1_000_000))


def make_rules(sets, baskets):
    """The rules of the frequent sets (a mapping from sorted items to baskets with all of them), strongest lift first."""
    rules = []
    for items, together in sets.items():
        for size in range(1, len(items)):
            for antecedents in combinations(items, size):
                consequents = tuple(item for item in items if item not in antecedents)
                rule = measure(antecedents, consequents, together, sets[antecedents], sets[consequents], baskets)
                if rule[8] >= MIN_CONFIDENCE:
                    rules.append(rule)
    return sorted(rules, key=lambda rule: (-rule[9], rule[0], rule[1]))


def measure(antecedents, consequents, together, with_antecedents, with_consequents, baskets):
    """The measures of a rule from the numbers of baskets with its parts and with all of it."""
    support, expected = together / baskets, with_antecedents * with_consequents / baskets / baskets
    antecedent, consequent = with_antecedents / baskets, with_consequents / baskets
    confidence = together / with_antecedents
    leverage = support - expected
    scale = max(support * (1 - antecedent), antecedent * (consequent - support))
    return (
        ", ".join(antecedents),
        ", ".join(consequents),
        len(antecedents),
        len(consequents),
        together,
        antecedent,
        consequent,
        support,
        confidence,
        confidence / consequent,
        leverage,
        # A rule that always holds has no conviction: it would be infinite.
        (1 - consequent) / (1 - confidence) if together < with_antecedents else None,
        leverage / scale if scale else 0.0,
    )


def sets_on_spark(session, transactions):
    """Number of baskets and the frequent sets, by Spark's FP-growth."""
    from pyspark.ml.fpm import FPGrowth
    from pyspark.sql import functions

    baskets = (
        transactions.where("basket_id is not null and item is not null")
        .groupBy("basket_id")
        .agg(functions.collect_set("item").alias("items"))
        .cache()
    )
    count = baskets.count()
    if not count:
        return 0, {}
    # Half a basket less: the threshold is a whole number, and a share of it is rounded.
    growth = FPGrowth(itemsCol="items", minSupport=(least_count(count) - 0.5) / count, minConfidence=1.0)
    found = growth.fit(baskets).freqItemsets.collect()
    baskets.unpersist()
    return count, {tuple(sorted(row["items"])): row["freq"] for row in found}


def sets_on_duckdb(session, transactions):
    """Number of baskets and the frequent sets: each frequent set is extended by the items that come after its last one."""
    transactions.create_view("rules_transactions", replace=True)
    session.execute(
        "create or replace temp table rules_sold as select dense_rank() over (order by basket_id) as basket, item as name"
        " from (select distinct basket_id, item from rules_transactions where basket_id is not null and item is not null)"
    )
    baskets = session.execute("select coalesce(max(basket), 0) from rules_sold").fetchone()[0]
    least = least_count(baskets)
    session.execute(
        "create or replace temp table rules_items as select row_number() over (order by name) as item, name, count(*) as baskets"
        f" from rules_sold group by name having count(*) >= {least}"
    )
    session.execute(
        "create or replace temp table rules_rows as"
        " select rules_sold.basket::integer as basket, rules_items.item::integer as item"
        " from rules_sold inner join rules_items using (name)"
    )
    names = {}
    sets = {}
    members = {}
    for item, name, count in session.execute("select item, name, baskets from rules_items").fetchall():
        names[item], sets[(name,)], members[item] = name, count, (item,)
    session.execute(
        "create or replace temp table rules_sets as select basket, item as set_id, item as last from rules_rows"
    )
    while members:
        session.execute(
            "create or replace temp table rules_next as"
            " select row_number() over (order by set_id, item)::integer as next_id, set_id, item, baskets from ("
            " select shorter.set_id, longer.item, count(*) as baskets from rules_sets as shorter"
            " inner join rules_rows as longer on shorter.basket = longer.basket and longer.item > shorter.last"
            f" group by shorter.set_id, longer.item having count(*) >= {least})"
        )
        longer = {}
        for next_id, set_id, item, count in session.execute("from rules_next").fetchall():
            longer[next_id] = (*members[set_id], item)
            sets[tuple(sorted(names[each] for each in longer[next_id]))] = count
        members = longer
        if members:
            session.execute(
                "create or replace temp table rules_longer as"
                " select shorter.basket, found.next_id as set_id, found.item as last from rules_sets as shorter"
                " inner join rules_next as found on shorter.set_id = found.set_id"
                " inner join rules_rows as longer on shorter.basket = longer.basket and found.item = longer.item"
            )
            session.execute("create or replace temp table rules_sets as from rules_longer")
    for name in ("sold", "items", "rows", "sets", "next", "longer"):
        session.execute(f"drop table if exists temp.rules_{name}")
    session.execute("drop view if exists temp.rules_transactions")
    return baskets, sets
