"""Charts and tables of the app: units, incomplete months, labels that do not overlap, human names."""

from __future__ import annotations

import re
from datetime import date
from itertools import combinations
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("streamlit")

from app.charts import bars, heat_map, lines, spread, stacked
from app.look import _column
from app.names import counted, human, moment, money
from app.periods import Span

SPAN = Span(date(2022, 3, 31), date(2022, 7, 13))
MONTHS = pd.DataFrame({"month": pd.to_datetime(["2022-03-01", "2022-04-01", "2022-07-01"]), "revenue": [1.0, 2e5, 3e4]})


@pytest.mark.parametrize(
    ("first", "last", "month", "why"),
    [
        ("2022-03-31", "2022-07-13", "2022-03-01", "data begins on 31 Mar 2022"),
        ("2022-03-31", "2022-07-13", "2022-04-01", None),
        ("2022-03-31", "2022-07-13", "2022-07-01", "data ends on 13 Jul 2022"),
        ("2022-03-01", "2022-07-31", "2022-03-01", None),
        ("2022-03-01", "2022-07-31", "2022-07-01", None),
        ("2022-03-05", "2022-03-09", "2022-03-01", "data covers 5 Mar 2022 to 9 Mar 2022"),
        ("2024-02-01", "2024-02-28", "2024-02-01", "data ends on 28 Feb 2024"),
        ("2023-02-01", "2023-02-28", "2023-02-01", None),
    ],
)
def test_a_month_that_the_data_covers_in_part_is_incomplete(first: str, last: str, month: str, why: str | None) -> None:
    span = Span.of(pd.Timestamp(first), pd.Timestamp(last))
    assert span is not None
    assert span.missing(month) == why


def test_no_dates_are_no_span() -> None:
    assert Span.of(pd.NaT, pd.NaT) is None


def test_no_line_reaches_an_incomplete_month() -> None:
    chart = lines(MONTHS, "month", "revenue", "Revenue, $", unit="$", span=SPAN).to_dict()
    (rows,) = chart["datasets"].values()
    assert [each["complete"] for each in rows] == [False, True, False]
    line, dots, hollow = chart["layer"]
    assert line["mark"]["type"] == "line"
    for layer, complete in ((line, "true"), (dots, "true"), (hollow, "false")):
        assert f"=== {complete}" in layer["transform"][0]["filter"].replace("==", "===").replace("====", "===")
    assert hollow["mark"]["filled"] is False
    assert SPAN.sentence(MONTHS, "month") == (
        "Incomplete, shown as hollow points: Mar 2022 (data begins on 31 Mar 2022); Jul 2022 (data ends on 13 Jul 2022)."
    )


def axes(chart: Any) -> dict[str, dict[str, Any]]:
    layer = chart.to_dict()["layer"][0]
    return {name: layer["encoding"][name].get("axis") or {} for name in ("x", "y")}


@pytest.mark.parametrize("unit", ["$", "₹"])
def test_axes_and_labels_have_the_currency(unit: str) -> None:
    assert f"'{unit}'" in axes(lines(MONTHS, "month", "revenue", "Revenue", unit=unit))["y"]["labelExpr"]
    chart = bars(
        pd.DataFrame({"name": ["a", "b"], "revenue": [12345.0, 12.0]}), "name", "revenue", "Revenue", unit=unit
    )
    assert f"'{unit}'" in axes(chart)["x"]["labelExpr"]
    (rows,) = chart.to_dict()["datasets"].values()
    assert [each["shown"] for each in rows] == [f"{unit}12.3k", f"{unit}12"]
    assert [each["mark"]["type"] for each in chart.to_dict()["layer"]] == ["bar", "text"]


def test_each_bar_has_its_label_beside_it() -> None:
    plain = bars(pd.DataFrame({"name": ["a", "b"], "revenue": [12345.0, 12.0]}), "name", "revenue", "Revenue")
    # The bar `b` lacks the first part.
    parts = pd.DataFrame({"name": ["a", "a", "b"], "part": ["one", "two", "two"], "files": [1, 2, 4]})
    whole = stacked(parts, "name", "files", "part", {"one": "red", "two": "blue"}, "Files")
    for chart, ends in ((plain, [12345.0, 12.0]), (whole, [3, 4])):
        described = chart.to_dict()
        label = described["layer"][1]
        assert (label["mark"]["type"], label["mark"]["align"]) == ("text", "left")
        assert label["mark"]["dx"] > 0
        (rows,) = described["datasets"].values()
        field = label["encoding"]["x"]["field"]
        assert [row[field] for row in rows if row.get("labelled", True)] == ends


def test_shares_are_per_cent_and_numbers_have_thousands() -> None:
    assert axes(lines(MONTHS, "month", "revenue", "Share", unit="%"))["y"]["format"] == ".0%"
    assert axes(lines(MONTHS, "month", "revenue", "Orders"))["y"]["format"] == ",.0f"


def test_a_colour_has_one_legend_with_a_title() -> None:
    both = MONTHS.assign(traffic_source=["a", "b", "a"])
    for layer in lines(both, "month", "revenue", "Orders", "traffic_source").to_dict()["layer"]:
        assert {layer["encoding"][name]["title"] for name in ("color", "strokeDash")} == {"Came by"}
    parts = pd.DataFrame({"source": ["a", "a"], "became": ["accepted", "rejected"], "number": [3, 1]})
    chart = stacked(parts, "source", "number", "became", {"accepted": "#111111", "rejected": "#222222"}, "Records")
    assert chart.to_dict()["layer"][0]["encoding"]["color"]["title"] == "Outcome"
    (rows,) = chart.to_dict()["datasets"].values()
    assert {each["shown"] for each in rows} == {"4"}


def test_an_incomplete_cell_has_a_star() -> None:
    cells = pd.DataFrame({"x": [1, 2], "y": ["a", "a"], "share": [0.1, 0.2]})
    chart = heat_map(cells, "x", "y", "share", ".0%", ("X", "Y", "Share"), True, pd.Series([False, True])).to_dict()
    (rows,) = chart["datasets"].values()
    assert [each["complete"] for each in rows] == [True, False]
    assert "'*'" in chart["layer"][1]["transform"][0]["calculate"]
    assert chart["layer"][0]["encoding"]["color"]["title"] == "Share"


def test_no_label_of_the_map_covers_another() -> None:
    labels = pd.DataFrame(
        {"cluster": [f"women's, group {place}" for place in range(19)], "x": [0.01 * n for n in range(19)], "y": 0.5}
    )
    points = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    moved = spread(labels, points)
    assert len(moved) == len(labels)
    places = moved.assign(left=moved["x"] * 680, top=moved["y"] * 440).to_dict("records")
    for one, two in combinations(places, 2):
        wide = 3.1 * (len(one["cluster"]) + len(two["cluster"]))
        assert abs(one["left"] - two["left"]) >= wide or abs(one["top"] - two["top"]) >= 13


def test_columns_have_human_names_and_no_midnight() -> None:
    day = _column("used_on", pd.Series(pd.to_datetime(["2026-11-28", "2026-11-29"])))
    assert (day["label"], day["type_config"]["type"]) == ("Day", "date")
    at = _column("last_load", pd.Series(pd.to_datetime(["2026-11-28 14:17:30"])))
    assert (at["label"], at["type_config"]["format"]) == ("Last load", "D MMM YYYY, HH:mm")
    assert _column("records", pd.Series([26537]))["type_config"]["format"] == "localized"
    assert _column("product_id", pd.Series([26537]))["type_config"]["format"] == "%d"
    assert human("layout_of_file") == "Layout of file"
    assert (moment("2026-03-01"), moment("2026-03-01 14:05")) == ("1 Mar 2026", "1 Mar 2026, 14:05")
    assert [counted(1, "order"), counted(1200, "order")] == ["1 order", "1,200 orders"]
    assert [money(0, "USD"), money(1234.5, "EUR"), money(0.00021, "USD")] == ["0 USD", "1,234.50 EUR", "0.00021 USD"]


def test_no_page_shows_a_name_of_a_column() -> None:
    """No title, legend or label is a snake_case name."""
    chart = lines(MONTHS.assign(cohort_size=1), "month", "revenue", "Revenue")
    for layer in chart.to_dict()["layer"]:
        assert not [each for each in layer["encoding"]["tooltip"] if re.search("_", each["title"])]
