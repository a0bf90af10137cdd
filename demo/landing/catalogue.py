"""The catalogue: what kinds of products there are, what they cost, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import words
from .randomness import choose

DEPARTMENTS = ("Men", "Women")

# department, category, products in the public catalogue, mean price, standard deviation, minimum, maximum, cost/retail.
_PROFILE_TEXT = """
Men|Jeans|1117|101.16|67.24|9.99|389.00|.532
Men|Underwear|1088|27.16|14.99|5.99|283.34|.470
Men|Tops & Tees|1084|42.25|30.30|5.00|268.00|.561
Men|Pants|1041|59.81|38.33|9.99|293.33|.459
Men|Sweaters|999|77.59|55.65|9.00|349.98|.500
Men|Fashion Hoodies & Sweatshirts|971|58.32|41.18|10.43|903.00|.550
Men|Sleep & Lounge|941|50.16|46.60|6.99|399.95|.399
Men|Shorts|939|50.14|55.40|7.90|999.00|.501
Men|Swim|906|50.09|24.31|12.90|274.99|.601
Men|Socks|905|20.42|43.04|2.99|903.00|.602
Men|Outerwear & Coats|828|149.27|143.88|11.99|999.00|.442
Men|Accessories|820|41.68|45.63|1.50|296.45|.401
Men|Active|753|47.63|63.55|5.00|903.00|.421
Men|Suits & Sport Coats|739|126.56|98.77|9.99|698.00|.401
Women|Intimates|2363|33.71|30.14|1.75|903.00|.531
Women|Dresses|955|84.20|81.34|7.99|498.00|.451
Women|Maternity|898|50.80|37.36|1.98|275.00|.442
Women|Fashion Hoodies & Sweatshirts|895|49.14|29.52|8.88|288.00|.471
Women|Swim|892|65.66|43.13|5.95|288.00|.421
Women|Jeans|882|93.66|59.04|12.00|326.00|.541
Women|Sleep & Lounge|830|48.15|34.94|2.99|360.00|.601
Women|Shorts|826|40.80|32.16|4.99|246.00|.500
Women|Tops & Tees|784|40.08|36.53|3.11|285.00|.559
Women|Plus|758|38.43|51.02|1.82|903.00|.501
Women|Accessories|739|43.55|50.87|2.00|299.00|.401
Women|Sweaters|738|72.24|62.77|5.99|588.00|.449
Women|Active|679|53.93|87.13|1.95|903.00|.420
Women|Socks & Hosiery|666|16.76|11.29|1.95|159.95|.401
Women|Pants & Capris|613|54.71|58.76|7.92|895.00|.531
Women|Outerwear & Coats|592|141.47|129.94|10.51|903.00|.450
Women|Leggings|564|27.15|34.05|4.99|528.81|.600
Women|Blazers & Jackets|561|92.60|92.25|7.68|698.00|.380
Women|Skirts|367|52.33|61.52|6.49|598.00|.400
Women|Suits|188|116.16|46.29|13.99|239.72|.605
Women|Jumpsuits & Rompers|162|45.42|62.33|8.74|550.00|.529
Women|Clothing Sets|37|84.84|42.27|19.99|199.95|.618
"""

CATALOGUE_PRODUCTS = 29_120

# Share of products per brand falls off like this with the brand's rank: a few big brands and a long tail.
_BRAND_EXPONENT = 0.9
_BRAND_SHIFT = 3


@dataclass(frozen=True)
class Profile:
    """The catalogue's kinds of products: parallel arrays, one entry per department and category."""

    department: np.ndarray
    category: np.ndarray
    category_names: list[str]
    count: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cost_ratio: np.ndarray


def load_profile() -> Profile:
    """Parse the table above."""
    rows = [line.split("|") for line in _PROFILE_TEXT.split("\n") if line]
    names = sorted({row[1] for row in rows})
    numbers = np.array([[float(cell) for cell in row[2:]] for row in rows])
    return Profile(
        np.array([DEPARTMENTS.index(row[0]) for row in rows], dtype=np.int8),
        np.array([names.index(row[1]) for row in rows], dtype=np.int8),
        names,
        *numbers.T,
    )


def kinds_for_catalogue(profile: Profile, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions into the profile for a whole catalogue: exact shares (largest remainder), in random order."""
    share = profile.count / profile.count.sum() * count
    whole = np.floor(share).astype(np.int64)
    rest = count - whole.sum()
    whole[np.argsort(whole - share, kind="stable")[:rest]] += 1
    return rng.permutation(np.repeat(np.arange(len(whole)), whole))


def draw_prices(profile: Profile, kinds: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Log-normal retail prices (two decimals, most end in .99, .95, .50 or .00) and costs with many decimals."""
    variance = np.log1p((profile.deviation / profile.mean) ** 2)[kinds]
    centre = np.log(profile.mean[kinds]) - variance / 2
    price = np.exp(centre + np.sqrt(variance) * rng.standard_normal(len(kinds)))
    ending = np.array([0.99, 0.95, 0.50, 0.00, -1.0])[choose(rng, len(kinds), (0.40, 0.20, 0.10, 0.15, 0.15))]
    price = np.where(ending < 0, price, np.floor(price) + ending)
    retail = np.round(np.clip(price, profile.low[kinds], profile.high[kinds]), 2)
    ratio = profile.cost_ratio[kinds] + rng.uniform(-0.04, 0.04, len(kinds))
    return retail, np.round(retail * ratio, 12)


def draw_brands(count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions (int32) into ``words.brands()``, popular ones more often."""
    weights = (np.arange(words.BRAND_COUNT) + _BRAND_SHIFT) ** -_BRAND_EXPONENT
    edges = np.cumsum(weights / weights.sum())
    return np.searchsorted(edges[:-1], rng.random(count), side="right").astype(np.int32)


def draw_names(
    profile: Profile, kinds: np.ndarray, brands: np.ndarray, brand_names: list[str], rng: np.random.Generator
) -> list[str]:
    """Product names such as ``Lorlan Women's Ribbed Cardigan``."""
    adjectives = rng.integers(0, len(words.ADJECTIVES), len(kinds))
    nouns = rng.random(len(kinds))
    names = []
    for kind, brand, adjective, noun in zip(
        kinds.tolist(), brands.tolist(), adjectives.tolist(), nouns.tolist(), strict=True
    ):
        choices = words.NOUNS[profile.category_names[profile.category[kind]]]
        names.append(
            f"{brand_names[brand]} {DEPARTMENTS[profile.department[kind]]}'s {words.ADJECTIVES[adjective]} "
            f"{choices[int(noun * len(choices))]}"
        )
    return names
