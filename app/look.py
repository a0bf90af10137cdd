"""How pages look: their frame, their colours, their charts.

Colours are those of Okabe and Ito, which people with any kind of colour vision tell apart; scales are cividis, made for the same.
What a colour says is said by position or a label too. Everything is as wide as the screen, so that a phone shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app.warehouse import NotReadyError

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:&^=@/])")

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "|", "%")

BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7A7A7A",
)  # fmt: skip
PALETTE = [BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, GREY]
SCALE = "cividis"
EVERY_LABEL = alt.Axis(labelOverlap=False)
IN_URL: Any = {"bind": "query-params"}


def plain(text: object) -> str:
    """Delivered text for a Markdown field of Streamlit, shown as it was delivered: no link, picture, HTML, formula or colour."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def is_number(text: str) -> bool:
    """Whether a text of the address bar is a number that the warehouse can hold; `²` is a digit of Unicode and no number."""
    return text.isascii() and text.isdecimal() and len(text) <= 18


@contextmanager
def page(title: str, question: str) -> Iterator[None]:
    """A page with its title; whatever cannot be shown becomes a sentence."""
    st.title(title)
    st.caption(question)
    try:
        yield
    except NotReadyError as reason:
        st.info(str(reason), icon=":material/hourglass_empty:")
        st.button("Look again")


def or_stop(frame: pd.DataFrame, sentence: str) -> pd.DataFrame:
    """The frame, or the sentence in place of the rest of the page when it is empty."""
    if frame.empty:
        raise NotReadyError(sentence)
    return frame


def show(chart: alt.Chart | alt.LayerChart, alt_text: str, height: int = 280) -> None:
    """A chart over the whole width, with words for who cannot see it."""
    chart = chart.properties(height=height).configure_axis(labelFontSize=12, titleFontSize=12, labelLimit=150)
    chart = chart.configure_legend(orient="top", labelFontSize=12, title=None, columns=3)
    st.altair_chart(chart, width="stretch", alt=alt_text)


def lines(frame: pd.DataFrame, x: str, y: str, title: str, color: str | None = None, kind: str = "T") -> alt.Chart:
    """Values over time; with points, so that a single one is seen."""
    axis = alt.Axis(labelAngle=0)
    if kind == "T":
        few = frame[x].nunique() <= 12
        axis = alt.Axis(format="%b %Y", **({"tickCount": {"interval": "month", "step": 1}} if few else {}))
    encoding: dict[str, Any] = {
        "x": alt.X(f"{x}:{kind}", title=None, axis=axis),
        "y": alt.Y(f"{y}:Q", title=title),
        "tooltip": list(frame.columns),
    }
    if color:
        encoding["color"] = alt.Color(f"{color}:N", scale=alt.Scale(range=PALETTE))
        encoding["strokeDash"] = alt.StrokeDash(f"{color}:N")
    return alt.Chart(frame).mark_line(point=True, color=BLUE).encode(**encoding)


def bars(frame: pd.DataFrame, name: str, value: str, title: str, color: str = BLUE) -> alt.Chart:
    """Lying bars, the longest on top."""
    return (
        alt.Chart(frame)
        .mark_bar(color=color)
        .encode(
            y=alt.Y(f"{name}:N", sort="-x", title=None, axis=EVERY_LABEL),
            x=alt.X(f"{value}:Q", title=title),
            tooltip=list(frame.columns),
        )
    )


def heat_map(
    frame: pd.DataFrame, x: str, y: str, value: str, form: str, titles: tuple[str, str], numbers: bool
) -> alt.LayerChart:
    """Cells by colour; with few of them also as numbers."""
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:O", title=titles[0], axis=alt.Axis(labelAngle=0)), y=alt.Y(f"{y}:O", title=titles[1])
    )
    color = alt.Color(f"{value}:Q", scale=alt.Scale(scheme=SCALE), legend=alt.Legend(format=form, gradientLength=160))
    cells = base.mark_rect().encode(color=color, tooltip=list(frame.columns))
    if not numbers:
        return alt.layer(cells)
    middle = float(frame[value].max() + frame[value].min()) / 2
    ink = alt.condition(alt.datum[value] > middle, alt.value("black"), alt.value("white"))
    return alt.layer(cells, base.mark_text(fontSize=11).encode(text=alt.Text(f"{value}:Q", format=form), color=ink))


def in_short(value: float | None, unit: str = "") -> str:
    """1234567 as 1.23M; nothing as a dash."""
    if value is None or pd.isna(value):
        return "–"
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{unit}{value / (1e3 if letter == 'k' else size):,.{1 if letter == 'k' else 2}f}{letter}"
    return f"{unit}{value:,.0f}"


def percent(value: float | None) -> str:
    """A share as per cent."""
    return "–" if value is None or pd.isna(value) else f"{100 * value:.1f} %"


def by_currency(usage: pd.DataFrame, column: str) -> str:
    """The sum of a column of amounts for each currency, because amounts of different currencies are never added up."""
    sums = usage.dropna(subset=["currency"]).groupby("currency")[column].sum()
    return ", ".join(f"{amount:,.4f} {currency}" for currency, amount in sums.items()) or "no price"


def figures(values: dict[str, str]) -> None:
    """The few numbers that matter, in a row; below one another on a phone."""
    with st.container(horizontal=True):
        for label, value in values.items():
            st.metric(label, value, border=True)


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before each text that a spreadsheet would run as a formula; numbers stay as they are.

    A table has a button that downloads it as CSV: https://owasp.org/www-community/attacks/CSV_Injection
    """

    def shown(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.lstrip(" \n\ufeff\u200b")[:1] in _FORMULA else value

    texts = list(frame.select_dtypes(["object", "string"]).columns)
    return frame.assign(**{name: frame[name].map(shown) for name in texts}) if texts else frame


def table(frame: pd.DataFrame, **columns: Any) -> None:
    """A table over the whole width, which people can download."""
    st.dataframe(without_formulas(frame), hide_index=True, width="stretch", column_config=columns or None)
