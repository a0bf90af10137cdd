"""A wall of product pictures, with what they show beside what the description says."""

from __future__ import annotations

import altair as alt
import streamlit as st

from app import address
from app.charts import BLUE, EVERY_LABEL, GREEN, GREY, RED, tips
from app.look import as_of, figures, or_stop, page, plain, show
from app.names import counted
from app.warehouse import among, ask, picture

# Two beside each other on a phone: six rows.
EACH_PAGE = 12
CARD = 165
KINDS = {
    "disagreements first": "true",
    "only disagreements": "disagreement is not null",
    "only unclear": "color_agreement = 'unclear'",
    "nothing seen": "picture_state <> 'recognised'",
}
STATES = {
    "nothing recognised": "with a picture that shows nothing known", "not annotated": "with a picture that could not be read",
    "no picture": "without a picture",
}  # fmt: skip
VERDICTS = {"sells better": GREEN, "sells worse": RED}


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
    unseen = ask(
        "select picture_state, count(*) as n from {gold.product_visual_performance} where picture_state <> 'recognised'"
        " group by picture_state order by 2 desc, 1"
    )
    reasons = ", ".join(
        f"{each.n:,} {STATES.get(each.picture_state, each.picture_state)}" for each in unseen.itertuples()
    )
    as_of(
        f"{counts['listings']:,.0f} listings",
        None,
        f"{counted(unseen['n'].sum(), 'listing')} from the comparison with descriptions: {reasons}"
        if len(unseen)
        else "",
    )
    figures(
        {
            "Listings": f"{counts['listings']:,.0f}",
            "Recognised": f"{counts['recognised']:,.0f}",
            "Description disagrees": f"{counts['disagreements']:,.0f}",
        }
    )
    left, middle, right = st.columns(3)
    kind = address.pick("Which", list(KINDS), "which", place=left, none="disagreements first")
    shown = address.pick_many("Shows", choices("shown_category"), "shows", place=middle)
    colors = address.pick_many("Colour", choices("shown_color"), "color", place=right)
    of_shown, first = among("shown_category", shown, "shows")
    of_color, second = among("shown_color", colors, "color")
    where = f"where ({KINDS[kind]}) and {of_shown} and {of_color}"
    found = int(
        ask(f"select count(*) as n from {{gold.product_visual_performance}} {where}", **first, **second)["n"][0]
    )
    pages = max(1, -(-found // EACH_PAGE))
    number = address.page_number(pages, "page")
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
    first = (number - 1) * EACH_PAGE
    if len(wall):
        st.caption(f"Listings {first + 1:,} to {first + len(wall):,} of {found:,}.")
    # Cards of one width wrap: as many beside each other as the screen has room for.
    with st.container(horizontal=True):
        for each in wall.itertuples():
            with st.container(border=True, width=CARD):
                file = picture(each.uri)
                if file:
                    st.image(file, width="stretch", alt=f"{each.title}: {each.shown_color} {each.shown_category}")
                else:
                    st.caption("no picture" if not each.uri else plain(each.uri))
                st.markdown(f"**{plain(each.title or 'without a title')}**")
                words = (each.shown_category, each.shown_pattern, each.shown_color)
                seen = " · ".join(str(word) for word in words if word)
                state = STATES.get(each.picture_state, each.picture_state)
                st.caption(f"{plain(seen or state)} — {each.units_sold or 0:,.0f} sold")
                if each.disagreement:
                    st.warning(plain(each.disagreement))

    st.header("Looks that go with sales")
    effects = ask(
        "select characteristic, value, verdict, products, effect, effect_low, effect_high from {gold.visual_characteristic_sales}"
        " where effect is not null order by effect desc"
    )
    if effects.empty:
        st.info("Too few products to compare looks yet.")
    else:
        effects["look"] = effects["characteristic"] + ": " + effects["value"]
        verdicts = list(effects["verdict"].unique())
        color = alt.Color(
            "verdict:N",
            title="Verdict",
            scale=alt.Scale(domain=verdicts, range=[VERDICTS.get(each, GREY) for each in verdicts]),
        )
        base = alt.Chart(effects).encode(
            y=alt.Y("look:N", sort=list(effects["look"]), title=None, axis=EVERY_LABEL), color=color,
            tooltip=tips(effects, "characteristic", "value", "verdict", "products", "effect", "effect_low", "effect_high"),
        )  # fmt: skip
        low = alt.X(
            "effect_low:Q",
            title="Times the sales of products without it",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=".1f"),
        )
        bar = base.mark_rule(size=2).encode(x=low, x2="effect_high:Q")
        dot = base.mark_point(filled=True, size=60, opacity=1).encode(x="effect:Q")
        line = alt.Chart(effects).mark_rule(strokeDash=[4, 4], color=BLUE).encode(x=alt.datum(1))
        st.caption(
            "The point is the measured factor, the line its 95 % interval. A line that crosses 1 may be chance. Other things than"
            " the look differ between products, so this is no proof of a cause."
        )
        show(
            alt.layer(line, bar, dot),
            "Each look with the factor on sales and its 95 % interval",
            22 * len(effects) + 60,
        )
