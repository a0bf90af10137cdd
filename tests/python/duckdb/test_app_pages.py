"""What a page says about itself: as of when, for which filter, what it leaves out, what of its address it does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.python.support import Workspace

Open = Callable[..., AppTest]
PAGES = ("shop", "cohorts", "pictures", "similar", "yoga", "marketplace", "grocery", "health")


def captions(at: AppTest) -> str:
    assert not at.exception, [each.message for each in at.exception]
    return "\n".join(each.value.replace("\\", "") for each in at.caption)


def warnings(at: AppTest) -> list[str]:
    assert not at.exception, [each.message for each in at.exception]
    return [each.value for each in at.warning if each.icon == ":material/link_off:"]


def figures(at: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in at.metric}


@pytest.mark.parametrize("page", PAGES)
def test_each_page_says_as_of_when(page: str, open_page: Open) -> None:
    at = open_page(page)
    assert "As of 1 Mar 2026" in captions(at)
    assert not warnings(at)


@pytest.mark.parametrize(
    ("page", "address", "told"),
    [
        ("shop", {"country": "Atlantis"}, "country `Atlantis`, but the data has no such value"),
        ("shop", {"category": "Robots"}, "category `Robots`"),
        ("shop", {"years": ["1990", "1991"]}, "years `1990`, `1991`, but the data goes from 2019 to 2026"),
        ("shop", {"years": "2024-2025"}, "years `2024-2025`"),
        ("shop", {"contry": "China"}, "The address has `contry`, which is no filter of this page"),
        ("cohorts", {"source": "Pigeon"}, "came by `Pigeon`"),
        ("cohorts", {"months": "99"}, "months to show `99`, but it goes from 3 to 36"),
        ("pictures", {"which": "best"}, "which `best`"),
        ("pictures", {"shows": "Robot"}, "shows `Robot`"),
        ("pictures", {"page": "4000"}, "page `4000`, but there are"),
        ("similar", {"what": "map", "cluster": "robots"}, "show a group `robots`"),
        ("similar", {"what": "customers", "audience": "robots"}, "or an audience `robots`"),
        ("similar", {"what": "robots"}, "what `robots`, but this page has no such part"),
        ("yoga", {"pose": "Robot"}, "pose of the folder `Robot`"),
        ("yoga", {"picture": "Robot/1.jpg"}, "picture `Robot/1.jpg`"),
        ("yoga", {"wrong": "maybe"}, "`maybe`"),
        ("marketplace", {"measure": "profit"}, "measure `profit`"),
        ("grocery", {"lift": "900"}, "lift, at least `900`, but it goes from 0"),
        ("health", {"part": "robots"}, "part `robots`"),
    ],
)
def test_what_the_address_asks_for_in_vain_is_told(
    page: str, address: dict[str, Any], told: str, open_page: Open
) -> None:
    at = open_page(page, **address)
    (said,) = warnings(at)
    assert told in said
    assert said.endswith("It is ignored.")
    assert figures(at) == figures(open_page(page, **({"what": address["what"]} if len(address) > 1 else {})))


def test_a_value_that_a_filter_offers_is_no_warning(open_page: Open) -> None:
    for page, address in (
        ("shop", {"country": "Brazil", "category": "Jeans", "years": ["2024", "2025"]}),
        ("cohorts", {"source": "Search", "months": "6"}),
        ("pictures", {"which": "only disagreements", "page": "2"}),
        ("grocery", {"support": "0.5", "lift": "1.5"}),
        ("grocery", {"what": "items", "item": "milk"}),
        ("similar", {"what": "map", "product": "42"}),
        ("health", {"part": "models"}),
    ):
        assert warnings(open_page(page, **address)) == [], address


def test_a_filter_is_named_and_can_be_removed(open_page: Open) -> None:
    everyone = figures(open_page("shop"))
    at = open_page("shop", country="China")
    assert figures(at) != everyone
    assert {"**Filtered:**", "country China"} <= {each.value for each in at.markdown}
    (remove,) = [each for each in at.button if each.label == "remove"]
    remove.click().run()
    assert figures(at) == everyone
    assert "**Filtered:**" not in [each.value for each in at.markdown]


def test_each_filter_is_named(open_page: Open) -> None:
    for page, address, told in (
        ("shop", {"years": ["2024", "2025"]}, "years 2024 to 2025"),
        ("cohorts", {"source": "Search"}, "came by Search"),
        ("pictures", {"shows": "Trousers"}, "shows Trousers"),
        ("yoga", {"pose": "Tree", "wrong": "true"}, "only what the model sees otherwise"),
        ("grocery", {"lift": "1.5"}, "lift of at least 1.5"),
        ("grocery", {"what": "items", "item": "milk"}, "items with “milk”"),
    ):
        shown = [each.value.replace("\\", "") for each in open_page(page, **address).markdown]
        assert told in shown, (page, shown)


def test_the_same_customers_are_counted_on_both_pages(open_page: Open) -> None:
    at = open_page("cohorts")
    shop, here = (int(figures(each)["Customers"].replace(",", "")) for each in (open_page("shop"), at))
    assert shop > here
    assert f"{shop - here:,} of the shop's {shop:,} customers" in captions(at)


def test_incomplete_months_are_told(open_page: Open) -> None:
    assert "Mar 2022 (data begins on 31 Mar 2022); Jul 2022 (data ends on 13 Jul 2022)" in captions(
        open_page("marketplace")
    )
    assert "Incomplete, shown as hollow points" in captions(open_page("grocery", what="items"))
    assert "Feb 2026 (data ends on" in captions(open_page("shop"))
    assert "* Incomplete: Feb 2026" in captions(open_page("cohorts"))


def test_a_status_that_a_channel_does_not_report_is_not_zero(open_page: Open, demo: Workspace) -> None:
    at = open_page("marketplace")
    shown = at.dataframe[0].value.set_index(["fulfilment", "service_level"])
    assert set(shown.loc["Amazon", "returned_percent"]) == {"not reported"}
    assert "not reported" not in set(shown.loc["Merchant", "returned_percent"])
    assert "returns of Amazon, because the reports of this channel have no such status" in captions(at)
    of_gold = dict(
        demo.query("select fulfilment, count(returned_share) from gold.amazon_fulfilment_performance group by 1")
    )
    assert (of_gold["Amazon"], of_gold["Merchant"] > 0) == (0, True)


def test_support_confidence_and_lift_are_explained(open_page: Open) -> None:
    at = open_page("grocery")
    for key in ("support", "confidence", "lift"):
        assert key.capitalize() in at.slider(key=key).help


def test_the_embedding_and_the_words_of_a_distance_are_told(open_page: Open, demo: Workspace) -> None:
    at = open_page("similar", product="42")
    assert "hashed-1/384" in captions(at)
    assert "make extra-embeddings" in captions(at)
    right = sorted(
        distance
        for (distance,) in demo.query("select distance from gold.similar_products where category = similar_category")
    )
    very_close, close = (right[-(-len(right) * share // 100) - 1] for share in (25, 90))
    distances = [
        float(distance)
        for (distance,) in demo.query(
            "select distance from gold.similar_products where product_id = 42 order by similarity_rank"
        )
    ]
    meant = ["very close" if each <= very_close else "close" if each <= close else "far" for each in distances]
    assert [each.value for each in at.markdown if each.value in ("very close", "close", "far")] == meant
    table = open_page("similar", what="customers").dataframe[0].value
    assert set(table["alike"]) <= {"very close", "close", "far"}
