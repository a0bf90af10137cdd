"""Filters in the address of a page, so that a link shows the same figures to everyone.

Streamlit drops a value of the address that a filter does not offer. A page must not show other figures without a word, so the
functions here compare the address with what the filter offers first, and `look.page` shows the sentences above the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import streamlit as st

BOUND: Any = {"bind": "query-params"}
# Streamlit's own names.
OF_STREAMLIT = {"embed", "embed_options"}

_SENTENCES: ContextVar[list[str] | None] = ContextVar("sentences", default=None)
_KNOWN: ContextVar[set[str] | None] = ContextVar("known", default=None)
_FILTERS: ContextVar[list[tuple[str, str, Any]] | None] = ContextVar("filters", default=None)


def start() -> None:
    """Begin a page: no sentence and no filter yet."""
    _SENTENCES.set([])
    _KNOWN.set(set())
    _FILTERS.set([])


def asked(key: str) -> list[str]:
    """The values of the address for a name, and notes that the page knows the name."""
    known = _KNOWN.get()
    if known is not None:
        known.add(key)
    return [str(value) for value in st.query_params.get_all(key) if str(value) != ""]


def tell(sentence: str) -> None:
    """Show a sentence above the figures of this page."""
    sentences = _SENTENCES.get()
    if sentences is not None and sentence not in sentences:
        sentences.append(sentence)


def filtered(key: str, text: str, default: Any) -> None:
    """Note that the figures are filtered, in words, with the value of the widget that removes the filter."""
    filters = _FILTERS.get()
    if filters is not None:
        filters.append((key, text, default))


def sentences(names: Iterable[str] = ()) -> list[str]:
    """What the address asks for and does not get; ``names`` are parameters of parts of the page that are not shown now."""
    known = (_KNOWN.get() or set()) | set(names) | OF_STREAMLIT
    unknown = [name for name in st.query_params if name not in known]
    for name in unknown:
        tell(f"The address has `{_plain(name)}`, which is no filter of this page. It is ignored.")
    return list(_SENTENCES.get() or [])


def filters() -> list[tuple[str, str, Any]]:
    """The filters of this page: the widget's key, the filter in words, the value without it."""
    return list(_FILTERS.get() or [])


def _plain(text: str) -> str:
    shown = " ".join(text.split()).replace("`", "'")
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def _in_sentence(label: str) -> str:
    return label[:1].lower() + label[1:]


def _tell_unknown(key: str, label: str, offered: Callable[[str], bool], what: str) -> None:
    missing = [value for value in asked(key) if not offered(value)]
    if missing:
        values = ", ".join(f"`{_plain(value)}`" for value in missing)
        tell(f"The address asks for {label} {values}, but {what}. It is ignored.")


def pick(label: str, options: Sequence[str], key: str, *, place: Any = st, none: str | None = None, **more: Any) -> Any:
    """A list to choose one of; ``none`` is the option that filters nothing."""
    name = _in_sentence(label)
    # The address has the text that the list shows.
    offered = {*options, *map(more.get("format_func", str), options)}
    _tell_unknown(key, name, offered.__contains__, "the data has no such value")
    chosen = place.selectbox(label, list(options), key=key, **BOUND, **more)
    if none is not None and chosen is not None and chosen != none:
        filtered(key, f"{name} {chosen}", none)
    return chosen


def pick_many(label: str, options: Sequence[str], key: str, *, place: Any = st) -> list[str]:
    """A list to choose several of; none of them filters nothing."""
    name = _in_sentence(label)
    _tell_unknown(key, name, set(options).__contains__, "the data has no such value")
    chosen = list(place.multiselect(label, list(options), key=key, **BOUND))
    if chosen:
        filtered(key, f"{name} {', '.join(chosen)}", [])
    return chosen


def part(label: str, options: Sequence[str], key: str, *, shown: bool = False) -> str:
    """Buttons to choose a part of a page, or what it measures; the first is the default."""
    _tell_unknown(key, _in_sentence(label), set(options).__contains__, "this page has no such part")
    chosen = st.segmented_control(
        label, list(options), default=options[0], key=key, label_visibility="visible" if shown else "collapsed", **BOUND
    )
    return str(chosen or options[0])


def slide(
    label: str, low: float, high: float, default: float, step: float, key: str, *, place: Any = st, filters_by: str = "",
    form: str | None = None, tip: str | None = None,
) -> Any:  # fmt: skip
    """A slider; ``filters_by`` is the filter in words, with ``{}`` for the value."""

    def within(text: str) -> bool:
        try:
            return low <= float(text) <= high
        except ValueError:
            return False

    _tell_unknown(key, _in_sentence(label), within, f"it goes from {low:g} to {high:g}")
    value = place.slider(label, low, high, default, step, key=key, format=form, help=tip, **BOUND)
    if filters_by and value != default:
        filtered(key, filters_by.format(f"{value:g}"), default)
    return value


def years(label: str, offered: list[int], key: str, *, place: Any = st) -> tuple[int, int]:
    """A range of years."""
    if not offered[1:]:
        return offered[0], offered[0]

    given = asked(key)
    if given and not (len(given) == 2 and all(each in map(str, offered) for each in given)):
        values = ", ".join(f"`{_plain(each)}`" for each in given)
        tell(
            f"The address asks for years {values}, but the data goes from {offered[0]} to {offered[-1]}, and two years are needed"
            f" (`{key}=2024&{key}=2025`). It is ignored."
        )
    first, last = place.select_slider(label, offered, (offered[0], offered[-1]), key=key, **BOUND)
    if (first, last) != (offered[0], offered[-1]):
        filtered(key, f"years {first}" if first == last else f"years {first} to {last}", (offered[0], offered[-1]))
    return int(first), int(last)


def switch(label: str, key: str, *, place: Any = st, filters_by: str = "") -> bool:
    """A switch, off by default."""
    _tell_unknown(key, label, lambda text: text.lower() in ("true", "false"), "it is `true` or `false`")
    chosen = bool(place.toggle(label, key=key, **BOUND))
    if chosen and filters_by:
        filtered(key, filters_by, False)
    return chosen


def words(label: str, key: str, placeholder: str) -> str:
    """A field for words; the page itself says when nothing fits them."""
    asked(key)
    return str(st.text_input(label, "", key=key, placeholder=placeholder, **BOUND)).strip()


def page_number(pages: int, key: str) -> int:
    """The page of a long list."""
    _tell_unknown(
        key, "page", lambda text: text.isascii() and text.isdecimal() and 1 <= int(text) <= pages, f"there are {pages} pages"
    )  # fmt: skip
    return int(st.number_input(f"Page, of {pages}", 1, pages, 1, key=key, **BOUND)) if pages > 1 else 1
