"""The domains of the marketplace's report: statuses, states and their spellings, categories, sizes, cities.

Names of states and large cities are those of India; styles, promotions and prices are invented. The weights are the
published counts. Changing a list changes every generated report.
"""

from __future__ import annotations

# Status, lines at scale 1, and the share of them that the merchant sends (the others are sent by the marketplace).
STATUSES: tuple[tuple[str, float, float], ...] = (
    ("Shipped", 77_804, 0.0),
    ("Shipped - Delivered to Buyer", 28_769, 1.0),
    ("Cancelled", 18_332, 0.376),
    ("Shipped - Returned to Seller", 1_953, 1.0),
    ("Shipped - Picked Up", 973, 1.0),
    ("Pending", 658, 0.3),
    ("Pending - Waiting for Pick Up", 281, 1.0),
    ("Shipped - Returning to Seller", 145, 1.0),
    ("Shipped - Out for Delivery", 35, 1.0),
    ("Shipped - Rejected by Buyer", 11, 1.0),
    ("Shipping", 8, 0.0),
    ("Shipped - Lost in Transit", 5, 1.0),
    ("Shipped - Damaged", 1, 1.0),
)
SHIPPED, CANCELLED, PENDING = 0, 2, (5, 6)
COURIERS = ("Shipped", "Cancelled", "Unshipped", None)

# Category, its part of a SKU, lines at scale 1, mean price in rupees.
CATEGORIES: tuple[tuple[str, str, float, float], ...] = (
    ("Set", "SET", 50_284, 833.39),
    ("Kurta", "KR", 49_877, 455.93),
    ("Western Dress", "DR", 15_500, 762.79),
    ("Top", "TP", 10_622, 526.10),
    ("Ethnic Dress", "ED", 1_159, 723.90),
    ("Blouse", "BL", 926, 520.33),
    ("Bottom", "BTM", 440, 358.73),
    ("Saree", "SAR", 164, 799.57),
    ("Dupatta", "DPT", 3, 305.00),
)
FREE_SIZE = (7, 8)
STYLE_PREFIXES = ("JNE", "SET", "J", "MEN", "NW", "BL", "PJNE")
SIZES = ("XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL", "5XL", "6XL", "Free")
SIZE_SHARES = (0.087, 0.133, 0.178, 0.173, 0.164, 0.141, 0.113, 0.0035, 0.0043, 0.0032)
ORDER_PREFIXES = ("171", "402", "403", "404", "405", "406", "407", "408")
LINES_PER_ORDER = (94.31, 4.68, 0.72, 0.18, 0.06, 0.025, 0.012, 0.006, 0.003, 0.002, 0.001, 0.001)
PROMOTION_SHARES = (0.578, 0.25, 0.172)

# State in its standard spelling: lines at scale 1 (published down to 1,000, the rest divided), first postal code, cities.
STATES: dict[str, tuple[float, int, tuple[str, ...]]] = {
    "Andaman & Nicobar Islands": (257, 744101, ("Port Blair",)),
    "Andhra Pradesh": (5_430, 515001, ("Visakhapatnam", "Vijayawada", "Guntur", "Tirupati", "Nellore")),
    "Army Post Office": (30, 900056, ("Apo",)),
    "Arunachal Pradesh": (141, 791001, ("Itanagar", "Naharlagun")),
    "Assam": (1_663, 781001, ("Guwahati", "Silchar", "Dibrugarh", "Jorhat")),
    "Bihar": (2_114, 800001, ("Patna", "Gaya", "Muzaffarpur", "Bhagalpur")),
    "Chandigarh": (330, 160001, ("Chandigarh",)),
    "Chhattisgarh": (910, 492001, ("Raipur", "Bilaspur", "Bhilai")),
    "Dadra & Nagar Haveli and Daman & Diu": (60, 396191, ("Silvassa", "Daman")),
    "Delhi": (7_048, 110001, ("New Delhi", "Delhi")),
    "Goa": (1_137, 403001, ("Panaji", "Margao", "Mapusa")),
    "Gujarat": (4_489, 380001, ("Ahmedabad", "Surat", "Vadodara", "Rajkot")),
    "Haryana": (4_415, 121001, ("Gurugram", "Faridabad", "Panipat", "Ambala")),
    "Himachal Pradesh": (788, 171001, ("Shimla", "Solan", "Dharamshala")),
    "Jammu & Kashmir": (702, 180001, ("Jammu", "Srinagar")),
    "Jharkhand": (1_456, 814101, ("Ranchi", "Jamshedpur", "Dhanbad")),
    "Karnataka": (17_326, 560001, ("Bengaluru", "Bengaluru", "Bengaluru", "Mysuru", "Mangaluru", "Hubballi")),
    "Kerala": (6_585, 682001, ("Kochi", "Thiruvananthapuram", "Kozhikode", "Thrissur")),
    "Ladakh": (43, 194101, ("Leh",)),
    "Madhya Pradesh": (2_529, 452001, ("Indore", "Bhopal", "Jabalpur", "Gwalior")),
    "Maharashtra": (22_260, 400001, ("Mumbai", "Pune", "Thane", "Nagpur", "Navi Mumbai")),
    "Manipur": (316, 795001, ("Imphal",)),
    "Meghalaya": (203, 793001, ("Shillong",)),
    "Mizoram": (76, 796001, ("Aizawl",)),
    "Nagaland": (188, 797001, ("Dimapur", "Kohima")),
    "Odisha": (2_139, 751001, ("Bhubaneswar", "Cuttack", "Rourkela")),
    "Puducherry": (330, 605001, ("Puducherry", "Karaikal")),
    "Punjab": (1_919, 140001, ("Ludhiana", "Amritsar", "Mohali", "Zirakpur")),
    "Rajasthan": (2_718, 302001, ("Jaipur", "Jodhpur", "Udaipur", "Kota")),
    "Sikkim": (206, 737101, ("Gangtok",)),
    "Tamil Nadu": (11_483, 600001, ("Chennai", "Coimbatore", "Madurai", "Salem")),
    "Telangana": (11_330, 500001, ("Hyderabad", "Hyderabad", "Secunderabad", "Warangal")),
    "Tripura": (151, 799001, ("Agartala",)),
    "Uttar Pradesh": (10_638, 201001, ("Lucknow", "Noida", "Ghaziabad", "Kanpur", "Varanasi")),
    "Uttarakhand": (1_553, 246001, ("Dehradun", "Haridwar", "Haldwani")),
    "West Bengal": (5_963, 700001, ("Kolkata", "Howrah", "Siliguri", "Durgapur")),
}
CITIES = {name: cities for name, (_, _, cities) in STATES.items()}
POSTAL_BASE = {name: code for name, (_, code, _) in STATES.items()}

# How most lines write a state where that is not the standard spelling in capitals.
_USUAL = {
    "Andaman & Nicobar Islands": "ANDAMAN & NICOBAR ",
    "Army Post Office": "APO",
    "Dadra & Nagar Haveli and Daman & Diu": "DADRA AND NAGAR",
}
# How a few lines write it, and how many lines do.
_SELDOM: dict[str, dict[str, int]] = {
    "Rajasthan": {"Rajasthan": 38, "rajasthan": 10, "Rajshthan": 4, "rajsthan": 2, "Rajsthan": 2, "RJ": 1},
    "Punjab": {"Punjab": 50, "punjab": 12, "PB": 2, "Punjab/Mohali/Zirakpur": 1},
    "Odisha": {"Odisha": 22, "Orissa": 10, "orissa": 3},
    "Puducherry": {"Puducherry": 8, "Pondicherry": 5},
    "Delhi": {"Delhi": 60, "New Delhi": 88, "delhi": 20},
    "Nagaland": {"Nagaland": 3, "NL": 2},
    "Arunachal Pradesh": {"Arunachal Pradesh": 3, "Arunachal pradesh": 2, "AR": 1},
    "Bihar": {"Bihar": 26, "bihar": 5},
    "Goa": {"Goa": 12, "goa": 2},
    "Mizoram": {"Mizoram": 2},
    "Sikkim": {"Sikkim": 2},
    "Manipur": {"Manipur": 2},
    "Meghalaya": {"Meghalaya": 2},
    "Chandigarh": {"Chandigarh": 5},
    "Assam": {"Assam": 9},
}
# Spelling, the state that it means, lines at scale 1.
SPELLINGS: tuple[tuple[str, str, float], ...] = tuple(
    (spelling, name, count)
    for name, (lines, _, _) in STATES.items()
    for spelling, count in {
        _USUAL.get(name, name.upper()): lines - sum(_SELDOM.get(name, {}).values()),
        **_SELDOM.get(name, {}),
    }.items()
)


def city_as_typed(name: str, number: int) -> str:
    """A city as a customer types it: in capitals most often, else anyhow."""
    return (name.upper(), name.upper(), name.upper(), name.upper(), name, name.lower(), f"{name.upper()} ", f"{name},")[
        number // 1_000 % 8
    ]


def promotions(kind: int, code: int) -> str:
    """The list of promotions of a line: free shipping, one of forty coupons, or a financing list."""
    if kind == 0:
        return "IN Core Free Shipping 2015/04/08 23-48-5-108"
    if kind == 1:
        return f"Duplicated A{code:02d} Coupon {2022 - code % 3}"
    return ",".join(f"Universal Merchant Free-Financing {code + step:03d}" for step in range(2 + code % 5))
