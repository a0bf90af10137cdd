"""What a grocer sells: names of goods with how often they are sold, and which goods go together.

The twelve best-selling goods have their published counts; the others are plain goods in invented proportion. Changing
a list changes every generated row.
"""

from __future__ import annotations

ITEMS_SOLD = 38_765
BEST_SELLING: dict[str, int] = {
    "whole milk": 2_502,
    "other vegetables": 1_898,
    "rolls/buns": 1_716,
    "soda": 1_514,
    "yogurt": 1_334,
    "root vegetables": 1_071,
    "tropical fruit": 1_032,
    "bottled water": 933,
    "sausage": 924,
    "citrus fruit": 812,
    "pastry": 785,
    "pip fruit": 744,
}
# The source has these names with a space behind them.
WITH_TRAILING_SPACE = ("cream cheese", "roll products")
_KINDS = {
    "bread": "brown white rye toast corn flat",
    "cheese": "hard soft sliced spread curd grated blue",
    "meat": "minced smoked frozen canned organic",
    "fish": "fresh frozen canned smoked",
    "juice": "apple orange grape vegetable cherry",
    "beer": "bottled canned dark wheat light",
    "wine": "red white sparkling rose",
    "tea": "black green herbal fruit iced",
    "coffee": "ground instant whole-bean decaf",
    "cereals": "oat bran honey chocolate",
    "sauce": "tomato soy pepper salad barbecue",
    "oil": "olive sunflower rape sesame",
    "fruit": "dried canned frozen packaged",
    "vegetables": "packaged frozen canned pickled",
    "dessert": "cold chocolate custard semolina rice",
    "cleaner": "kitchen bath window oven floor",
    "paper": "kitchen toilet baking writing",
    "snack": "salty sweet nut seed",
    "spice": "curry pepper salt paprika herb",
    "pasta": "egg whole-grain filled short long",
    "rice": "long-grain round wild parboiled",
    "flour": "wheat rye corn spelt",
    "nuts": "mixed roasted salted",
    "butter": "salted peanut herb",
    "cream": "whipped sour double cooking",
    "cake": "sponge cheese fruit ready",
    "ice cream": "vanilla chocolate fruit",
    "candles": "tea-light scented pillar",
    "detergent": "color wool liquid",
    "pet food": "cat dog bird",
    "bags": "shopping freezer garbage paper",
    "magazines": "weekly monthly",
    "syrup": "sugar maple",
    "waffles": "plain filled",
    "chicken": "whole wings",
    "ham": "cooked raw",
    "eggs": "small large",
    "honey": "liquid creamy",
    "jam": "strawberry apricot",
    "water": "sparkling mineral",
    "soup": "instant canned tomato",
}
OTHERS = (*WITH_TRAILING_SPACE, *(f"{kind} {thing}" for thing, kinds in _KINDS.items() for kind in kinds.split()))
# All 167: the best-selling first.
ITEMS = (*BEST_SELLING, *OTHERS)[:167]
# Goods that go together, planted so that rules can be found: who buys the first often takes the second with it.
TOGETHER: dict[str, str] = {
    "sausage": "yogurt",
    "pastry": "whole-bean coffee",
    "red wine": "blue cheese",
    "filled pasta": "tomato sauce",
    "curd cheese": "dried fruit",
}
TOGETHER_SHARE = 0.12
# Baskets by the number of rows in them, of 14,963 in all.
BASKET_SIZES: dict[int, int] = {2: 10_080, 3: 2_698, 4: 1_390, 5: 344, 6: 175, 7: 80, 8: 145, 9: 50, 11: 1}
