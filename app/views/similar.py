"""Pick a product or a customer and see who is like it; the map of product clusters."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app import address
from app.charts import ORANGE, spread, tips
from app.look import as_of, is_number, or_stop, page, plain, show, table
from app.warehouse import NotReadyError, ask, cosine_distance, picture

# Two beside each other on a phone.
CARD = 165
# The customers of the sample whose distances say what is close.
SAMPLE = 200
OF_PRODUCTS = (
    "Very close: up to {:.3f}, as a quarter of the neighbours with the right category are. Close: up to {:.3f}, as nine of ten of"
    " them are. Far: beyond."
)
OF_CUSTOMERS = "Very close: up to {:.3f}, the nearest 1 % of pairs. Close: up to {:.3f}, the nearest 10 %. Far: beyond."

Limits = tuple[float, float] | None


def embedding_words(model: str) -> str:
    """Which embedding compares, and the better one if there is one."""
    name = model.rpartition("@")[2]
    if name.startswith("hashed"):
        return (
            f"Compared by the embedding `{name}`, which finds shared words and spelling, not meaning. A sentence transformer"
            " finds meaning: run `make extra-embeddings`, and set `embeddings: {backend: onnx, path: …}` in profiles.yml"
            " (docs/inference.md, DuckDB)."
        )
    return f"Compared by the embedding `{name}`."


def closeness(distance: float, limits: Limits) -> str:
    """A distance in words."""
    if limits is None:
        return "–"
    very_close, close = limits
    return "very close" if distance <= very_close else "close" if distance <= close else "far"


def quantiles(distances: str, low: float, high: float) -> Limits:
    """Two quantiles of a query of ``distance``: the least values that at least these shares do not exceed."""
    found = ask(
        "select min(case when place >= :low * n then distance end) as low_limit,"
        " min(case when place >= :high * n then distance end) as high_limit"
        " from (select distance, row_number() over (order by distance) as place, count(*) over () as n"
        f" from ({distances}) as pairs) as ranked",
        low=low,
        high=high,
    ).iloc[0]
    return None if pd.isna(found["low_limit"]) else (float(found["low_limit"]), float(found["high_limit"]))


def product_limits() -> Limits:
    """Up to which distance products are very close and close: quantiles of the right neighbours of ``search_quality``."""
    return quantiles("select distance from {gold.similar_products} where category = similar_category", 0.25, 0.9)


def customer_limits() -> Limits:
    """Up to which distance customers are very close and close: quantiles of all pairs of a sample."""
    distance = cosine_distance("one.embedding", "two.embedding")
    sample = f"select user_id, embedding from {{gold.customer_profiles}} order by user_id limit {SAMPLE}"
    return quantiles(
        f"select {distance} as distance from ({sample}) as one cross join ({sample}) as two where one.user_id < two.user_id",
        0.01,
        0.1,
    )


def find(words: str) -> str | None:
    """The number of the product that is meant by a number or by words, or the first of all; asks when several fit."""
    if not words:
        return str(int(ask("select min(product_id) as product_id from {gold.product_catalog}")["product_id"][0]))
    if is_number(words):
        known = ask("select product_id from {gold.product_catalog} where product_id = :product", product=int(words))
        or_stop(known, f"No product has the number {words}. Type a part of its name instead, such as `jean`.")
        return words
    fitting = ask(
        "select product_id, name, brand from {gold.product_catalog}"
        " where lower(concat(coalesce(name, ''), ' ', coalesce(brand, ''))) like :words order by product_id limit 50",
        words=f"%{words.lower()}%",
    )
    or_stop(fitting, f"No product is called anything like “{plain(words)}”. Try fewer letters, or a number.")
    names = {
        str(each.product_id): f"{each.name or 'without a name'} ({each.product_id})" for each in fitting.itertuples()
    }
    return st.selectbox("Which one", list(names), format_func=lambda key: names.get(key, key))


def products() -> None:
    """A product, its picture, its neighbours and theirs."""
    known = ask("select count(*) as n from {gold.product_catalog}")
    or_stop(known[known["n"] > 0], "The catalogue is empty: no product has been delivered yet.")
    typed = address.words("Product: its number, or words of its name or brand", "product", "for example 42 or jean")
    chosen = find(typed)
    if chosen is None:
        return
    if not typed:
        st.caption("No product is asked for: this is the one with the lowest number.")
    neighbours = ask(
        "select similar_product_id as product_id, similar_name as name, similar_category as category, similar_brand as brand,"
        " embedding_model, distance from {gold.similar_products} where product_id = :product order by similarity_rank",
        product=int(chosen),
    )
    itself = ask(
        "select product_id, name, category, brand, 0.0 as distance from {gold.product_catalog} where product_id = :product",
        product=int(chosen),
    )
    limits = product_limits()
    for model in neighbours["embedding_model"].unique():
        st.caption(embedding_words(str(model)))
    if limits:
        st.caption(OF_PRODUCTS.format(*limits))
    numbers = [int(chosen), *[int(each) for each in neighbours["product_id"]]]
    try:
        pictures = dict(
            ask(
                "select product_id, uri from {gold.product_visual_performance} where uri is not null"
                f" and product_id in ({', '.join(map(str, numbers))})"
            ).itertuples(index=False)
        )
    except NotReadyError:
        # Pictures are of another feed, which may not be built.
        pictures = {}
    with st.container(horizontal=True):
        for place, each in enumerate([*itself.itertuples(), *neighbours.itertuples()][:6]):
            with st.container(border=True, width=CARD):
                file = picture(pictures.get(each.product_id))
                if file:
                    st.image(file, width="stretch", alt=str(each.name))
                else:
                    st.caption("no picture")
                st.markdown(f"**{plain(each.name or 'without a name')}**")
                category, brand = plain(each.category or "no category"), plain(each.brand or "no brand")
                st.caption(f"{category} · {brand} · number {each.product_id}")
                if place:
                    st.markdown(closeness(each.distance, limits))
                    st.caption(f"distance {each.distance:.3f}")
                else:
                    st.markdown("this one")


def clusters() -> None:
    """Every product as a point, near those that are described alike."""
    points = or_stop(
        ask(
            "select p.product_id, c.name, c.category, p.cluster_name as cluster, p.x, p.y"
            " from {gold.product_clusters} as p inner join {gold.product_catalog} as c on p.product_id = c.product_id"
            " order by p.product_id limit 5000"
        ),
        "There are no clusters yet: too few products.",
    )
    names = sorted(points["cluster"].unique())
    picked = address.pick("Show a group", ["all", *names], "cluster", none="all")
    total = int(ask("select count(*) as n from {gold.product_clusters}")["n"][0])
    st.caption(
        (f"{total:,} products" if total == len(points) else f"The first {len(points):,} of {total:,} products")
        + f" in {len(names)} groups. Near points are described alike; the axes have no unit. A group is named after its words."
    )
    chart = alt.Chart(points).encode(
        x=alt.X("x:Q", title=None, axis=None), y=alt.Y("y:Q", title=None, axis=None),
        tooltip=tips(points, "name", "category", "cluster", "product_id"),
    )  # fmt: skip
    grey = chart.mark_circle(size=30, color="#9a9a9a", opacity=0.45)
    group = chart.transform_filter(alt.datum.cluster == picked) if picked != "all" else chart
    centers = points.groupby("cluster", as_index=False)[["x", "y"]].mean()
    labels = spread(centers if picked == "all" else centers[centers["cluster"] == picked], points)
    text = alt.Chart(labels).encode(x="x:Q", y="y:Q", text="cluster:N")
    halo = text.mark_text(fontSize=11, stroke="white", strokeWidth=4)
    show(
        alt.layer(
            grey,
            group.mark_circle(size=55, color=ORANGE) if picked != "all" else grey,
            halo,
            text.mark_text(fontSize=11),
        ),
        "Map: each product as a point, near those that are described alike, with the names of groups",
        460,
    )


def alike(frame: pd.DataFrame, limits: Limits) -> None:
    """A table of customers with their distance, also in words."""
    shown = frame.assign(
        distance=frame["distance"].round(5), alike=[closeness(each, limits) for each in frame["distance"]]
    )
    table(
        shown[
            [
                *[name for name in shown if name not in ("behaviour", "distance", "alike")],
                "alike",
                "distance",
                "behaviour",
            ]
        ],
        distance=st.column_config.NumberColumn(
            "Distance", format="%.3f", help=OF_CUSTOMERS.format(*limits) if limits else None
        ),
    )


def customers() -> None:
    """A customer and those who behave alike."""
    st.caption("By behaviour: orders, spending, returns, favourite categories. No name and no address is shown.")
    typed = address.words("Customer: the number", "customer", "for example 3")
    known = ask("select count(*) as n, max(embedding_model) as model from {gold.customer_profiles}").iloc[0]
    if known["model"]:
        st.caption(embedding_words(str(known["model"])))
    limits = customer_limits()
    if limits:
        st.caption(OF_CUSTOMERS.format(*limits))
    if not typed:
        audiences = ask("select distinct audience from {gold.lookalike_customers} order by 1")["audience"]
        if len(audiences):
            audience = address.pick(
                "Or an audience", list(audiences), "audience", format_func=lambda name: str(name).replace("_", " ")
            )
            st.write("Those who behave most like its members:")
            alike(
                ask(
                    "select similarity_rank as place, user_id as customer, country, behavior_summary as behaviour, distance"
                    " from {gold.lookalike_customers} where audience = :audience order by similarity_rank limit 50",
                    audience=audience,
                ),
                limits,
            )
        return
    if not is_number(typed):
        st.info("A customer is known by a number, such as 3.")
        return
    found = ask("select behavior_summary from {gold.customer_profiles} where user_id = :customer", customer=int(typed))
    if found.empty:
        st.info(f"No customer has the number {typed}.")
        return
    st.write(plain(found["behavior_summary"][0]))
    distance = cosine_distance("other.embedding", "this.embedding")
    alike(
        ask(
            f"select other.user_id as customer, other.country, other.behavior_summary as behaviour, {distance} as distance"
            " from {gold.customer_profiles} as other cross join"
            " (select embedding from {gold.customer_profiles} where user_id = :customer) as this"
            " where other.user_id <> :customer order by 4, 1 limit 20",
            customer=int(typed),
        ),
        limits,
    )


with page(
    "Similar things", "What is like this product, who behaves like this customer, and which products belong together?",
    "product", "customer", "audience", "cluster",
):  # fmt: skip
    kind = address.part("What", ["products", "customers", "map"], "what")
    as_of()
    {"products": products, "customers": customers, "map": clusters}[kind]()
