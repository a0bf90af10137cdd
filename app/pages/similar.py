"""Pick a product or a customer and see who is like it; the map of product clusters."""

from __future__ import annotations

import altair as alt
import streamlit as st

from app.look import IN_URL, ORANGE, is_number, or_stop, page, plain, show, table
from app.warehouse import NotReadyError, ask, cosine_distance, picture


def find(words: str) -> str | None:
    """The number of the product that is meant by a number or by words, or the first of all; asks when several fit."""
    if not words.strip():
        return str(int(ask("select min(product_id) as product_id from {gold.product_catalog}")["product_id"][0]))
    if is_number(words.strip()):
        known = ask("select product_id from {gold.product_catalog} where product_id = :product", product=int(words))
        or_stop(known, f"No product has the number {words.strip()}. Type a part of its name instead, such as `jean`.")
        return words.strip()
    fitting = ask(
        "select product_id, name, brand from {gold.product_catalog}"
        " where lower(concat(coalesce(name, ''), ' ', coalesce(brand, ''))) like :words order by product_id limit 50",
        words=f"%{words.strip().lower()}%",
    )
    or_stop(fitting, f"No product is called anything like “{plain(words.strip())}”. Try fewer letters, or a number.")
    names = {
        str(each.product_id): f"{each.name or 'without a name'} ({each.product_id})" for each in fitting.itertuples()
    }
    return st.selectbox("Which one", list(names), format_func=lambda key: names.get(key, key))


def products() -> None:
    """A product, its picture, its neighbours and theirs."""
    known = ask("select count(*) as n from {gold.product_catalog}")
    or_stop(known[known["n"] > 0], "The catalogue is empty: no product has been delivered yet.")
    chosen = find(
        st.text_input(
            "Product: its number, or words of its name or brand",
            "",
            key="product",
            placeholder="for example 42 or jean",
            **IN_URL,
        )
    )
    if chosen is None:
        return
    neighbours = ask(
        "select similar_product_id as product_id, similar_name as name, similar_category as category, similar_brand as brand,"
        " distance from {gold.similar_products} where product_id = :product order by similarity_rank",
        product=int(chosen),
    )
    itself = ask(
        "select product_id, name, category, brand, 0.0 as distance from {gold.product_catalog} where product_id = :product",
        product=int(chosen),
    )
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
    cells = st.columns(6)
    for place, each in enumerate([*itself.itertuples(), *neighbours.itertuples()][:6]):
        with cells[place], st.container(border=True):
            file = picture(pictures.get(each.product_id))
            if file:
                st.image(file, width="stretch", alt=str(each.name))
            st.markdown(f"**{plain(each.name or 'without a name')}**")
            st.caption(
                f"{plain(each.category or 'no category')} · {plain(each.brand or 'no brand')} · number {each.product_id}"
            )
            st.caption("this one" if place == 0 else f"distance {each.distance:.3f}")


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
    picked = st.selectbox("Show a group", ["all", *names], key="cluster", **IN_URL)
    chart = alt.Chart(points).encode(
        x=alt.X("x:Q", title=None, axis=alt.Axis(labels=False, ticks=False)),
        y=alt.Y("y:Q", title=None, axis=alt.Axis(labels=False, ticks=False)),
        tooltip=["name", "category", "cluster", "product_id"],
    )
    grey = chart.mark_circle(size=30, color="#9a9a9a", opacity=0.45)
    group = chart.transform_filter(alt.datum.cluster == picked) if picked != "all" else chart
    centers = points.groupby("cluster", as_index=False)[["x", "y"]].mean()
    text = alt.Chart(centers if picked == "all" else centers[centers["cluster"] == picked]).mark_text(fontSize=11).encode(
        x="x:Q", y="y:Q", text="cluster:N"
    )  # fmt: skip
    show(alt.layer(grey, group.mark_circle(size=55, color=ORANGE) if picked != "all" else grey, text),
         "Map: each product as a point, near those that are described alike, with the names of groups", 460)  # fmt: skip


def customers() -> None:
    """A customer and those who behave alike."""
    st.caption("By behaviour: orders, spending, returns, favourite categories. No name and no address is shown.")
    typed = st.text_input("Customer: the number", "", key="customer", placeholder="for example 3", **IN_URL).strip()
    if not typed:
        audiences = ask("select distinct audience from {gold.lookalike_customers} order by 1")["audience"]
        if len(audiences):
            audience = st.selectbox("Or an audience", list(audiences), key="audience", **IN_URL)
            st.write("Those who behave most like its members:")
            table(
                ask(
                    "select similarity_rank as place, user_id as customer, country, behavior_summary as behaviour, distance"
                    " from {gold.lookalike_customers} where audience = :audience order by similarity_rank limit 50",
                    audience=audience,
                )
            )
        return
    if not is_number(typed):
        st.info("A customer is known by a number, such as 3.")
        return
    known = ask("select behavior_summary from {gold.customer_profiles} where user_id = :customer", customer=int(typed))
    if known.empty:
        st.info(f"No customer has the number {typed}.")
        return
    st.write(plain(known["behavior_summary"][0]))
    distance = cosine_distance("other.embedding", "this.embedding")
    table(
        ask(
            f"select other.user_id as customer, other.country, other.behavior_summary as behaviour, {distance} as distance"
            " from {gold.customer_profiles} as other cross join"
            " (select embedding from {gold.customer_profiles} where user_id = :customer) as this"
            " where other.user_id <> :customer order by 4, 1 limit 20",
            customer=int(typed),
        )
    )


with page(
    "Similar things", "What is like this product, who behaves like this customer, and which products belong together?"
):
    kind = st.segmented_control(
        "What", ["products", "customers", "map"], default="products", key="what", label_visibility="collapsed", **IN_URL
    )
    {"products": products, "customers": customers, "map": clusters}[kind or "products"]()
