"""How pages look: their frame, their figures, their tables.

Every page says as of when it is, for which filter, and what it leaves out. Everything is as wide as the screen, so that a phone
shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app import address
from app.names import IDS, human, moment
from app.periods import Span
from app.warehouse import NotReadyError, ask

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:&^=@/])")

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "|", "%")

#: The theme's colour of links, buttons and sliders.
BLUE = "#0072B2"
#: Streamlit shows captions and icons at 60 % of it, which on black has the contrast that WCAG asks for (4.5 to 1).
BLACK = "#000000"
#: Headings of sections are of the second level, so that no level is left out.
HEADINGS = '["2.4rem", "1.6rem", "1.3rem", "1.1rem", "1rem", "1rem"]'


def plain(text: object) -> str:
    """Delivered text for a Markdown field of Streamlit, shown as it was delivered: no link, picture, HTML, formula or colour."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def is_number(text: str) -> bool:
    """Whether a text of the address bar is a number that the warehouse can hold; `²` is a digit of Unicode and no number."""
    return text.isascii() and text.isdecimal() and len(text) <= 18


@contextmanager
def page(title: str, question: str, *parameters: str) -> Iterator[None]:
    """A page with its title, and above its figures what the address asks for and does not get, and the filters.

    Args:
        title: the heading.
        question: what the page answers.
        parameters: names in the address of parts that are not always shown.
    """
    st.title(title)
    st.caption(question)
    address.start()
    above = st.container()
    try:
        yield
    except NotReadyError as reason:
        st.info(str(reason), icon=":material/hourglass_empty:")
        st.button("Look again")
    with above:
        for sentence in address.sentences(parameters):
            st.warning(sentence, icon=":material/link_off:")
        _show_filters()


def _show_filters() -> None:
    """Each filter with a button that removes it."""

    def remove(key: str, value: Any) -> None:
        st.session_state[key] = value

    chosen = address.filters()
    if not chosen:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Filtered:**", width="content")
        for key, text, default in chosen:
            st.markdown(plain(text), width="content")
            st.button(
                "remove",
                key=f"remove {key}",
                type="tertiary",
                on_click=remove,
                args=(key, default),
                help=f"Remove: {text}",
            )


def as_of(subject: str = "", span: Span | None = None, *left_out: str) -> None:
    """As of when the page is, what its data covers, and what it leaves out and why."""
    try:
        found = ask("select is_pinned, as_of from {gold.reporting_date}")
    except NotReadyError:
        # It belongs to no feed, and may not be built.
        found = pd.DataFrame()
    sentences = []
    if len(found):
        pinned = " (pinned by the setting `as_of`)" if found["is_pinned"][0] else ""
        sentences.append(f"As of {moment(found['as_of'][0])}{pinned}.")
    if span:
        sentences.append(f"{subject} {span}.")
    elif subject:
        sentences.append(f"{subject}.")
    if sentences:
        st.caption(" ".join(sentences))
    leave_out(*left_out)


def leave_out(*sentences: str) -> None:
    """What the figures leave out, and why."""
    told = [each for each in sentences if each]
    if told:
        st.caption("Left out: " + plain("; ".join(told)) + ".")


def or_stop(frame: pd.DataFrame, sentence: str) -> pd.DataFrame:
    """The frame, or the sentence in place of the rest of the page when it is empty."""
    if frame.empty:
        raise NotReadyError(sentence)
    return frame


def show(chart: alt.Chart | alt.LayerChart, alt_text: str, height: int = 280) -> None:
    """A chart over the whole width, with a text alternative."""
    chart = chart.properties(height=height).configure_axis(labelFontSize=12, titleFontSize=12, labelLimit=180)
    chart = chart.configure_legend(orient="top", labelFontSize=12, titleFontSize=12, columns=3)
    # The chart has one text alternative; its marks have none of their own.
    chart = chart.configure_mark(aria=False)
    st.altair_chart(chart, width="stretch", alt=alt_text)


def figures(values: dict[str, str], tips: dict[str, str] | None = None) -> None:
    """The few numbers that matter, in a row; below one another on a phone."""
    with st.container(horizontal=True):
        for label, value in values.items():
            st.metric(label, value, border=True, help=(tips or {}).get(label))


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before each text that a spreadsheet would run as a formula; numbers stay as they are.

    A table has a button that downloads it as CSV: https://owasp.org/www-community/attacks/CSV_Injection
    """

    def shown(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.lstrip(" \n\ufeff\u200b")[:1] in _FORMULA else value

    texts = list(frame.select_dtypes(["object", "string"]).columns)
    return frame.assign(**{name: frame[name].map(shown) for name in texts}) if texts else frame


def _column(name: str, values: pd.Series) -> Any:
    """How a column is shown that says nothing else."""
    label = human(name)
    if pd.api.types.is_bool_dtype(values):
        return st.column_config.CheckboxColumn(label)
    if pd.api.types.is_numeric_dtype(values):
        if name.endswith(("_share", "_rate")) or name == "support":
            return st.column_config.NumberColumn(label, format="percent")
        return st.column_config.NumberColumn(label, format="%d" if name in IDS else "localized")
    if pd.api.types.is_datetime64_any_dtype(values):
        days = bool((values.dropna() == values.dropna().dt.normalize()).all())
        if days:
            return st.column_config.DateColumn(label, format="D MMM YYYY")
        return st.column_config.DatetimeColumn(label, format="D MMM YYYY, HH:mm")
    return st.column_config.Column(label)


def table(frame: pd.DataFrame, **columns: Any) -> None:
    """A table over the whole width, which people can download; columns have human names and units."""
    shown = {name: _column(name, frame[name]) for name in frame.columns} | columns
    st.dataframe(without_formulas(frame), hide_index=True, width="stretch", column_config=shown)
