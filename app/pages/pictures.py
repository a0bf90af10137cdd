"""A wall of product pictures, with what they show beside what the description says."""

from __future__ import annotations

import streamlit as st

from app.look import BLUE, IN_URL, figures, or_stop, page, plain, show
from app.warehouse import among, ask, picture

EACH_PAGE = 24
KINDS = {
    "disagreements first": "true",
    "only disagreements": "disagreement is not null",
    "only unclear": "color_agreement = 'unclear'",
    "nothing seen": "picture_state <> 'recognised'",
}


def choices(column: str) -> list[str]:
    """The values that a filter offers."""
    return list(
        ask(
            f"select distinct {column} as value from {{gold.product_visual_performance}} where {column} is not null order by 1"
        )["value"]
    )


with page("Pictures", "What do the listings' pictures show, does the description agree, and what sells?"):
    counts = ask(
        "select count(*) as listings, sum(case when picture_state = 'recognised' then 1 else 0 end) as recognised,"
        " sum(case when disagreement is not null then 1 else 0 end) as disagreements from {gold.product_visual_performance}"
    ).iloc[0]
    if not counts["listings"]:
        or_stop(ask("select 1 as one from {gold.product_visual_performance}"), "No listing has been delivered yet.")
    figures(
        {
            "Listings": f"{counts['listings']:,.0f}",
            "Recognised": f"{counts['recognised']:,.0f}",
            "Description disagrees": f"{counts['disagreements']:,.0f}",
        }
    )
    left, middle, right = st.columns(3)
    kind = left.selectbox("Which", list(KINDS), key="which", **IN_URL)
    shown = middle.multiselect("Shows", choices("shown_category"), key="shows", **IN_URL)
    colors = right.multiselect("Colour", choices("shown_color"), key="color", **IN_URL)
    of_shown, first = among("shown_category", shown, "shows")
    of_color, second = among("shown_color", colors, "color")
    where = f"where ({KINDS[kind]}) and {of_shown} and {of_color}"
    found = int(
        ask(f"select count(*) as n from {{gold.product_visual_performance}} {where}", **first, **second)["n"][0]
    )
    pages = max(1, -(-found // EACH_PAGE))
    number = st.number_input(f"Page, of {pages}", 1, pages, 1, key="page", **IN_URL) if pages > 1 else 1
    wall = ask(
        "select product_id, uri, title, shown_category, shown_pattern, shown_color, category, color, disagreement, units_sold,"
        f" price, picture_state from {{gold.product_visual_performance}} {where}"
        " order by case when disagreement is null then 1 else 0 end, case when picture_state = 'recognised' then 0 else 1 end,"
        f" units_sold desc, product_id limit {EACH_PAGE} offset {(number - 1) * EACH_PAGE}",
        **first,
        **second,
    )
    if wall.empty:
        st.info("No picture is like that. Take a filter away.")
    columns = st.columns(4)
    for place, each in enumerate(wall.itertuples()):
        with columns[place % 4], st.container(border=True):
            file = picture(each.uri)
            if file:
                st.image(file, width="stretch", alt=f"{each.title}: {each.shown_color} {each.shown_category}")
            else:
                st.caption("no picture" if not each.uri else plain(each.uri))
            st.markdown(f"**{plain(each.title or 'without a title')}**")
            seen = " · ".join(str(word) for word in (each.shown_category, each.shown_pattern, each.shown_color) if word)
            st.caption(f"{plain(seen or each.picture_state)} — {each.units_sold or 0:,.0f} sold")
            if each.disagreement:
                st.warning(plain(each.disagreement), icon=":material/compare:")

    st.subheader("Looks that go with sales")
    import altair as alt

    effects = ask(
        "select characteristic, value, verdict, products, effect, effect_low, effect_high from {gold.visual_characteristic_sales}"
        " where effect is not null order by effect desc"
    )
    if effects.empty:
        st.info("Too few products to compare looks yet.")
    else:
        effects["look"] = effects["characteristic"] + ": " + effects["value"]
        base = alt.Chart(effects).encode(y=alt.Y("look:N", sort=list(effects["look"]), title=None))
        low = alt.X("effect_low:Q", title="times the sales of products without it", scale=alt.Scale(zero=False))
        bar = base.mark_rule(color=BLUE).encode(x=low, x2="effect_high:Q")
        dot = base.mark_point(filled=True, color=BLUE, size=60).encode(
            x="effect:Q", shape="verdict:N", tooltip=list(effects.columns)
        )
        line = alt.Chart(effects).mark_rule(strokeDash=[4, 4]).encode(x=alt.datum(1))
        show(
            alt.layer(line, bar, dot),
            "Each look with the factor on sales and its 95 % interval",
            22 * len(effects) + 60,
        )
