"""Charts of the pages: units on every axis, titles on every legend, labels that do not overlap, incomplete months marked.

The colours are those of Okabe and Ito, which people with all kinds of colour vision can tell apart; scales are cividis, made for
the same. A colour never is the only sign.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from app.names import human, in_short
from app.periods import Span

BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7A7A7A",
)  # fmt: skip
# Yellow is left out: a line of it is not seen on white.
PALETTE = [BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY]
SCALE = "cividis"
# The first and the last label keep their place, so that they do not touch their neighbours.
EVERY_LABEL = alt.Axis(labelOverlap=False, labelFlush=False)


def axis(unit: str, **more: Any) -> alt.Axis:
    """An axis of amounts (`$`, `₹`), shares (`%`) or numbers with thousands."""
    if unit == "%":
        return alt.Axis(format=".0%", **more)
    if unit:
        return alt.Axis(labelExpr=f"'{unit}' + format(datum.value, ',.0f')", **more)
    return alt.Axis(format=",.0f", tickMinStep=1, **more)


def tips(frame: pd.DataFrame, *names: str, units: dict[str, str] | None = None) -> list[alt.Tooltip]:
    """A tooltip with human names, units and no times of midnight."""
    made = []
    for name in names or [each for each in frame.columns if each != "complete"]:
        unit = (units or {}).get(name, "")
        title = human(name) + (f", {unit}" if unit and unit != "%" else "")
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            made.append(alt.Tooltip(f"{name}:T", title=title, format="%b %Y"))
        elif pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
            whole = bool((frame[name].dropna() % 1 == 0).all())
            form = ".1%" if unit == "%" else (",.0f" if whole or unit else ",.2f")
            made.append(alt.Tooltip(f"{name}:Q", title=title, format=form))
        else:
            made.append(alt.Tooltip(f"{name}:N", title=title))
    return made


def lines(
    frame: pd.DataFrame, x: str, y: str, title: str, color: str | None = None, *, unit: str = "", kind: str = "T",
    span: Span | None = None, x_title: str | None = None,
) -> alt.LayerChart:  # fmt: skip
    """Values over time, with a point for each. A month that the data covers in part is a hollow point that no line reaches."""
    below = alt.Axis(labelAngle=0, labelFlush=False)
    if kind == "T":
        few = frame[x].nunique() <= 12
        below = alt.Axis(
            format="%b %Y", labelFlush=False, **({"tickCount": {"interval": "month", "step": 1}} if few else {})
        )
    frame = span.marked(frame, x) if span else frame.assign(complete=True)
    encoding: dict[str, Any] = {
        "x": alt.X(f"{x}:{kind}", title=x_title, axis=below),
        "y": alt.Y(f"{y}:Q", title=title, axis=axis(unit), scale=alt.Scale(zero=True)),
        "tooltip": tips(frame, units={y: unit}),
    }
    if color:
        # Lines and points share it, so that there is one legend for what the colour means.
        encoding["color"] = alt.Color(
            f"{color}:N", scale=alt.Scale(range=PALETTE), title=human(color), legend=alt.Legend(symbolType="stroke")
        )
        encoding["strokeDash"] = alt.StrokeDash(f"{color}:N", title=human(color))
    base = alt.Chart(frame).encode(**encoding)
    plain: dict[str, Any] = {} if color else {"color": BLUE}
    whole, part = alt.datum.complete == True, alt.datum.complete == False  # noqa: E712
    line = base.transform_filter(whole).mark_line(**plain)
    dots = base.transform_filter(whole).mark_point(filled=True, size=35, opacity=1, **plain)
    hollow = base.transform_filter(part).mark_point(filled=False, size=60, strokeWidth=2, opacity=1, **plain)
    return alt.layer(line, dots, hollow)


def bars(frame: pd.DataFrame, name: str, value: str, title: str, color: str = BLUE, unit: str = "") -> alt.LayerChart:
    """Lying bars, the longest on top, each with its value beside it."""
    frame = frame.assign(shown=frame[value].map(lambda each: in_short(each, unit)))
    most = float(frame[value].max() or 0) if len(frame) else 0.0
    order = list(frame.sort_values([value, name], ascending=[False, True])[name])
    base = alt.Chart(frame).encode(
        y=alt.Y(f"{name}:N", sort=order, title=None, axis=EVERY_LABEL),
        # Room for the longest bar's value.
        x=alt.X(f"{value}:Q", title=title, axis=axis(unit, tickCount=5), scale=alt.Scale(domain=[0, most * 1.2 or 1])),
        tooltip=tips(frame, *[each for each in frame.columns if each != "shown"], units={value: unit}),
    )
    return alt.layer(base.mark_bar(color=color), base.mark_text(align="left", dx=4, fontSize=11).encode(text="shown:N"))


def stacked(
    frame: pd.DataFrame, name: str, value: str, color: str, shades: dict[str, str], title: str
) -> alt.LayerChart:
    """Lying bars of parts, with the whole beside each bar."""
    whole = frame.groupby(name)[value].transform("sum")
    # One label for a bar, whichever parts it has.
    labelled = ~frame.duplicated(name)
    frame = frame.assign(shown=whole.map(lambda each: f"{each:,.0f}"), whole=whole, labelled=labelled)
    base = alt.Chart(frame).encode(y=alt.Y(f"{name}:N", title=None, axis=EVERY_LABEL))
    most = float(whole.max() or 0)
    parts = (
        base.mark_bar()
        .encode(
            x=alt.X(
                f"{value}:Q",
                title=title,
                stack=True,
                axis=axis("", tickCount=5),
                scale=alt.Scale(domain=[0, most * 1.2 or 1]),
            ),
            color=alt.Color(
                f"{color}:N", title=human(color), scale=alt.Scale(domain=list(shades), range=list(shades.values()))
            ),
            order=alt.Order("place:Q"),
            tooltip=tips(frame, name, color, value),
        )
        .transform_calculate(place=f"indexof({list(shades)!r}, datum['{color}'])")
    )
    text = (
        base.transform_filter(alt.datum["labelled"])
        .mark_text(align="left", dx=4, fontSize=11)
        .encode(x="whole:Q", text="shown:N")
    )
    return alt.layer(parts, text)


def heat_map(
    frame: pd.DataFrame, x: str, y: str, value: str, form: str, titles: tuple[str, str, str], numbers: bool,
    incomplete: pd.Series | None = None,
) -> alt.LayerChart:  # fmt: skip
    """Cells by colour, also as numbers if they are few; a star marks incomplete ones."""
    frame = frame.assign(complete=True if incomplete is None else ~incomplete)
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:O", title=titles[0], axis=alt.Axis(labelAngle=0, labelFlush=False)),
        y=alt.Y(f"{y}:O", title=titles[1], axis=EVERY_LABEL),
    )
    color = alt.Color(
        f"{value}:Q", scale=alt.Scale(scheme=SCALE), title=titles[2], legend=alt.Legend(format=form, gradientLength=160)
    )
    units = {value: "%"} if form.endswith("%") else {}
    cells = base.mark_rect().encode(color=color, tooltip=tips(frame, units=units))
    if not numbers:
        return alt.layer(cells)
    middle = float(frame[value].max() + frame[value].min()) / 2
    ink = alt.condition(alt.datum[value] > middle, alt.value("black"), alt.value("white"))
    text = base.transform_calculate(cell=f"format(datum['{value}'], '{form}') + (datum.complete ? '' : '*')")
    return alt.layer(cells, text.mark_text(fontSize=11).encode(text="cell:N", color=ink))


def spread(labels: pd.DataFrame, points: pd.DataFrame, width: float = 680, height: float = 440) -> pd.DataFrame:
    """Moves the labels of ``cluster`` up or down until none covers another; the map of ``points`` has this size in pixels."""
    wide = max(float(points["x"].max() - points["x"].min()), 1e-9)
    high = max(float(points["y"].max() - points["y"].min()), 1e-9)
    placed: list[tuple[float, float, float]] = []
    moved = []
    for each in labels.sort_values(["y", "x"], ascending=[False, True]).to_dict("records"):
        left, half = float(each["x"]) / wide * width, 3.1 * len(str(each["cluster"])) + 4
        asked = float(each["y"]) / high * height
        # The nearest free place, below or above.
        steps = (asked + sign * step for step in range(0, 400, 2) for sign in (-1, 1))
        top = next(
            level
            for level in steps
            if not any(abs(left - x) < half + reach and abs(level - y) < 14 for x, y, reach in placed)
        )
        placed.append((left, top, half))
        moved.append({**each, "y": top / height * high})
    return pd.DataFrame(moved, columns=labels.columns)
