"""Small word lists from which invented people, streets, brands and products are made.

Nothing here names a real person or a real brand: first and last names are common English ones, brands are made
of syllables. The lists are part of the generator's contract: changing one changes every generated file.
"""

from __future__ import annotations

import numpy as np


def _words(text: str) -> list[str]:
    """The words of a compact list."""
    return text.split()


FIRST_NAMES_M = _words("""
James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark Donald
Steven Paul Andrew Joshua Kenneth Kevin Brian George Timothy Ronald Edward Jason Jeffrey Ryan Jacob Gary Nicholas Eric
Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Alexander Frank Patrick Raymond Jack Dennis Jerry
Tyler Aaron Jose Adam Nathan Henry Douglas Zachary Peter Kyle Noah Ethan Jeremy Walter Christian Keith Roger Terry
Austin Sean Gerald Carl Harold Dylan Arthur Lawrence Jordan Jesse Bryan Billy Bruce Gabriel Joe Logan Alan Juan Albert
Willie Elijah Wayne Randy Vincent Mason Roy Ralph Bobby Russell Bradley Philip Eugene
""")

FIRST_NAMES_F = _words("""
Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret Ashley
Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Dorothy Rebecca Sharon Laura Cynthia Amy Kathleen
Angela Shirley Brenda Emma Anna Pamela Nicole Samantha Katherine Christine Helen Debra Rachel Carolyn Janet Maria
Catherine Heather Diane Olivia Julie Joyce Victoria Ruth Virginia Lauren Kelly Christina Joan Evelyn Judith Andrea
Hannah Megan Cheryl Jacqueline Martha Madison Teresa Gloria Sara Janice Ann Kathryn Abigail Sophia Frances Jean Alice
Judy Isabella Julia Grace Amber Denise Danielle Marilyn Beverly Charlotte Natalie Theresa Diana Brittany Doris
""")

LAST_NAMES = _words("""
Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young
Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts
Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez
Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James
Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins
Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher Vasquez Simmons Romero Jordan Patterson Alexander
Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar Stevens
Murray Ford Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells Vargas Henry Chen Freeman
Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon Munoz Hunt
Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt Garza Daniels
Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters
Santos Hart Bradley Knight Elliott Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado
Berry Perkins Hoffman Johnston Matthews Pena Richards Contreras Willis Carpenter Lawrence Sandoval Guerrero George
Chapman Rios Estrada Ortega Watkins Greene Nunez Wheeler Valdez Harper Burke Larson Santiago Maldonado Morrison
O'Brien O'Connor
""")

STREET_NAMES = _words("""
Evergreen Maple Oak Cedar Elm Pine Walnut Chestnut Willow Birch Magnolia Juniper Hickory Sycamore Poplar Laurel Spruce
Hawthorn Orchard Meadow Prairie Valley Ridge Summit Canyon Harbor Lake River Brook Spring Forest Park Garden Hillside
Lakeview Riverside Sunset Highland Fairview Pleasant Franklin Jefferson Madison Monroe Lincoln Jackson Cleveland Adams
Church Mill Market Bridge School College Union Liberty Heritage Colonial Pioneer Quarry Foundry Railroad Station Depot
Falcon Heron Robin Cardinal Meadowlark Quail Pheasant Fox Deer Bear Wolf Elk Aspen Alder Cypress Dogwood Hazel Holly
""")

STREET_SUFFIXES = _words("""
Street Avenue Road Lane Drive Court Place Boulevard Circle Way Terrace Trail Parkway Square Ridge Run Crossing Loop Path
Heights Hollow Landing Knoll Point Creek Glen Grove Crest Cove Bend Highway Alley Junction Plaza Row Summit View Village
""")

_BRAND_STARTS = _words("""
Nor Hal Bre Tam Quil Ves Mar Lor Kes Dav Fen Gal Ild Jor Kal Lun Mil Nev Orr Pel Ras Sel Tor Ulm Val Wex Yar Zel Ash Bor
Cal Dru Els Fal Gri Hol Ivo Jun Kir Lys Mon Nim Oak Pri Rov Sab Thal Urs Vin Wil Aub Cor Del Eve Fro Har Lin Mer Ros Tal
""")
_BRAND_ENDS = _words("""
vale wick mere ston den dale ford by wen ric lan dor mont field brook worth ley ham holt rin ova ette ara ine elle ura
essa mark croft gate haven crest lund vik stad berg nell tine ropa zia quin thea lora mina dra fino tello wyn gard rose
""")
_BRAND_FORMS = (
    "{0}", "{0}", "{0}", "{0}", "{0} Denim", "{0} & Co.", "{0} Studio", "{0} Outfitters", "House of {0}", "{0} Sport",
    "O'{0}", "{0} and Daughters", "{0} Eighty-Two", "J.{0}", "{0} New York", "{0} Basics", "{0} Intimates",
    "{1} Apparel", "{0}'s", "{0} Island",
)  # fmt: skip
BRAND_COUNT = 2750


def brands() -> list[str]:
    """Return the 2,750 invented brands, most popular first. The same list for every seed."""
    words = [start + end for start in _BRAND_STARTS for end in _BRAND_ENDS]
    # Fixed stream, not the run's seed: a brand keeps its name in every landing zone.
    order = np.random.Generator(np.random.PCG64(2750)).permutation(len(words))
    names = []
    for rank in range(BRAND_COUNT):
        word = words[order[rank]]
        # {1} is an acronym: a name whose case cannot be restored by title-casing, as real brands have them.
        names.append(_BRAND_FORMS[rank % len(_BRAND_FORMS)].format(word, word[:1].upper() + "TX" + str(rank)))
    return names


ADJECTIVES = _words("""
Classic Relaxed Slim Vintage Essential Everyday Weekend Modern Soft Lightweight Heavyweight Cropped Tailored Washed
Organic Premium Signature Original Heritage Urban Coastal Alpine Breathable Stretch Quilted Brushed Ribbed Textured
Seamless Reversible Packable Cozy Crisp Bold Graceful
""")

FABRICS = _words("cotton linen wool denim fleece jersey twill corduroy satin cashmere nylon bamboo flannel modal")

PATTERNS = _words("solid striped checked dotted floral geometric")
BACKGROUNDS = _words("plain studio wood marble outdoor")
COLORS = _words("black white gray navy blue teal green olive yellow orange red pink purple brown beige")

NOUNS: dict[str, tuple[str, ...]] = {
    "Jeans": ("Straight Leg Jean", "Bootcut Jean", "Skinny Jean", "Tapered Jean"),
    "Underwear": ("Boxer Brief", "Trunk, 3-Pack", "Undershirt", "Brief, 5-Pack"),
    "Tops & Tees": ("Crew Neck Tee", "V-Neck Tee", "Polo Shirt", "Henley", "Tank Top"),
    "Pants": ("Chino Pant", "Cargo Pant", "Pleated Trouser", '32" Inseam Pant'),
    "Sweaters": ("Cable Knit Sweater", "Crew Sweater", "Cardigan", "Turtleneck"),
    "Fashion Hoodies & Sweatshirts": ("Zip Hoodie", "Pullover Hoodie", "Crew Sweatshirt"),
    "Sleep & Lounge": ("Pajama Set", "Robe", "Lounge Pant", "Nightshirt"),
    "Shorts": ("Chino Short", "Board Short", '9" Inseam Short', "Denim Short"),
    "Swim": ("Swim Trunk", "Rash Guard", "Swimsuit", "Swim Cover-Up"),
    "Socks": ("Crew Sock, 6-Pack", "Ankle Sock", "Dress Sock", "Boot Sock"),
    "Outerwear & Coats": ("Parka", "Rain Jacket", "Wool Coat", "Down Vest", "Trench Coat"),
    "Accessories": ("Leather Belt", "Knit Scarf", "Beanie", "Sunglasses", "Wallet", "Gloves"),
    "Active": ("Training Short", "Performance Tee", "Track Jacket", "Running Tight"),
    "Suits & Sport Coats": ("Two-Button Suit", "Sport Coat", "Suit Separate", "Tuxedo Jacket"),
    "Intimates": ("Wireless Bra", "Bralette", "Hipster Panty", "Slip", "Camisole"),
    "Dresses": ("Wrap Dress", "Maxi Dress", "Sheath Dress", "Shirt Dress"),
    "Maternity": ("Maternity Dress", "Nursing Top", "Maternity Jean", "Maternity Legging"),
    "Plus": ("Plus Size Tunic", "Plus Size Dress", "Plus Size Cardigan"),
    "Socks & Hosiery": ("Sheer Tight", "Knee Sock", "No Show Sock, 4-Pack", "Thigh High"),
    "Pants & Capris": ("Capri Pant", "Wide Leg Pant", "Ankle Pant"),
    "Leggings": ("High Rise Legging", "Fleece Lined Legging", "Cropped Legging"),
    "Blazers & Jackets": ("Blazer", "Denim Jacket", "Moto Jacket", "Open Front Jacket"),
    "Skirts": ("Pencil Skirt", "A-Line Skirt", "Pleated Skirt", "Denim Skirt"),
    "Suits": ("Pant Suit", "Skirt Suit", "Two-Piece Suit"),
    "Jumpsuits & Rompers": ("Jumpsuit", "Romper", "Overall"),
    "Clothing Sets": ("Three-Piece Set", "Lounge Set", "Twin Set"),
}
