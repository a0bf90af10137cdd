"""Answers to the two prompts of the demo, without any model: address rules and churn rules.

`vars.yml` names this module as the rules of the model `gemini`, and the backend `offline` uses it. The rules are a stand-in
that names itself (``offline-rules-1`` in ``model_version``), not a language model. The prompts are recognised by their constant
instructions, which come first and carry a version. The instructions are here and in the two models that use them; a test
compares the two.

Addresses are brought into the form that the United States Postal Service prefers by usaddress-scourgify. It formats;
it does not know which addresses exist. Left alone it turns some addresses silently into wrong ones, so it only gets
United States addresses, as separate fields, and its answer is only taken when nothing moved between the fields.
"""

from __future__ import annotations

import json
import re
import unicodedata

from lakeweave.inference.answers import FAILED, OK, Answer

VERSION = "offline-rules-1"
ADDRESS_INSTRUCTIONS = (
    "Standardize this United States address to the format of the United States Postal Service. "
    "Write it in capitals. Do not add anything that is not in it. [standardize-address v2]\n"
)
CHURN_INSTRUCTIONS = "Judge how likely it is that this customer of a web shop has stopped buying. [churn-risk v2]\n"

_STATES = {
    "ALABAMA": "AL", "ALASKA": "AK", "ARIZONA": "AZ", "ARKANSAS": "AR", "CALIFORNIA": "CA", "COLORADO": "CO",
    "CONNECTICUT": "CT", "DELAWARE": "DE", "DISTRICT OF COLUMBIA": "DC", "FLORIDA": "FL", "GEORGIA": "GA",
    "HAWAII": "HI", "IDAHO": "ID", "ILLINOIS": "IL", "INDIANA": "IN", "IOWA": "IA", "KANSAS": "KS", "KENTUCKY": "KY",
    "LOUISIANA": "LA", "MAINE": "ME", "MARYLAND": "MD", "MASSACHUSETTS": "MA", "MICHIGAN": "MI", "MINNESOTA": "MN",
    "MISSISSIPPI": "MS", "MISSOURI": "MO", "MONTANA": "MT", "NEBRASKA": "NE", "NEVADA": "NV", "NEW HAMPSHIRE": "NH",
    "NEW JERSEY": "NJ", "NEW MEXICO": "NM", "NEW YORK": "NY", "NORTH CAROLINA": "NC", "NORTH DAKOTA": "ND",
    "OHIO": "OH", "OKLAHOMA": "OK", "OREGON": "OR", "PENNSYLVANIA": "PA", "RHODE ISLAND": "RI",
    "SOUTH CAROLINA": "SC", "SOUTH DAKOTA": "SD", "TENNESSEE": "TN", "TEXAS": "TX", "UTAH": "UT", "VERMONT": "VT",
    "VIRGINIA": "VA", "WASHINGTON": "WA", "WEST VIRGINIA": "WV", "WISCONSIN": "WI", "WYOMING": "WY",
    "PUERTO RICO": "PR", "GUAM": "GU", "AMERICAN SAMOA": "AS", "VIRGIN ISLANDS": "VI",
    "NORTHERN MARIANA ISLANDS": "MP", "ARMED FORCES AMERICAS": "AA", "ARMED FORCES EUROPE": "AE",
    "ARMED FORCES PACIFIC": "AP",
}  # fmt: skip
_CODES = frozenset(_STATES.values())
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_PO_BOX = re.compile(r"(?:P\.?\s*O\.?\s*|POST\s+OFFICE\s+)BOX\s+([A-Z0-9-]+)", re.IGNORECASE)
_RURAL = re.compile(
    r"(?:RR|RURAL\s+(?:ROUTE|RTE)|HC|STAR\s+ROUTE)\s*#?\s*(\d+)\s*,?\s*BOX\s+([A-Z0-9-]+)", re.IGNORECASE
)
_MILITARY = re.compile(r"(UNIT|PSC|CMR)\s+(\d+)\s*,?\s*BOX\s+(\d+)", re.IGNORECASE)
_HOUSE = re.compile(r"\d[\dA-Z/-]*(?: \d/\d)? .*[A-Z]")
_UNIT = re.compile(r"[A-Z]+ (?:#\s*)?(?:[A-Z]?-?\d[\dA-Z-]*|[A-Z])")

_ADDRESS_FIELDS = ("Street", "City", "State", "ZIP code", "Country")
_CHURN_FIELDS = ("Orders", "Days since last order", "Average order value", "Return rate")


def answer(prompt: str) -> Answer | None:
    """The answer to a prompt of the demo; None when no rule is for it. The same prompt always gets the same answer."""
    for instructions, names, rule in (
        (ADDRESS_INSTRUCTIONS, _ADDRESS_FIELDS, _standardize),
        (CHURN_INSTRUCTIONS, _CHURN_FIELDS, _judge),
    ):
        if prompt.startswith(instructions):
            given = _fields(prompt[len(instructions) :], names)
            return rule(given) if given is not None else _failed("the prompt lacks a field that the rule needs")
    return None


def _failed(status: str) -> Answer:
    return Answer(None, status, FAILED)


def _fields(text: str, names: tuple[str, ...]) -> dict[str, str] | None:
    """``Name: value`` lines in the order of ``names``; None when one is missing, out of order or too many."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) != len(names):
        return None
    values = {}
    for line, name in zip(lines, names, strict=True):
        if not line.startswith(f"{name}:"):
            return None
        values[name] = line[len(name) + 1 :].strip()
    return values


def _standardize(given: dict[str, str]) -> Answer:
    street, city = " ".join(given["Street"].split()), " ".join(given["City"].split())
    state, zip_code = given["State"].upper(), given["ZIP code"]
    if given["Country"] != "United States":
        return _failed("not a United States address")
    missing = [name for name in ("Street", "City", "State", "ZIP code") if not given[name]]
    if missing:
        return _failed(f"the address lacks: {', '.join(missing).lower()}")
    state = _STATES.get(state, state)
    if state not in _CODES:
        return _failed("the state is not one of the United States")
    if not _ZIP.fullmatch(zip_code):
        return _failed("the ZIP code is not five or nine digits")
    line = _special_line(street)
    if line is None:
        line, reason = _street_line(street, city, state, zip_code)
        if line is None:
            return _failed(reason)
    town = _plain(city)
    if not re.search("[A-Z]", town):
        return _failed("the city has no letters")
    fields = {"street_line": line, "city": town, "state_code": state, "zip_code": zip_code}
    return Answer(json.dumps(fields), "", OK)


def _special_line(street: str) -> str | None:
    """Boxes and military mail, which the address parser refuses."""
    if match := _PO_BOX.fullmatch(street):
        return f"PO BOX {match.group(1).upper()}"
    if match := _RURAL.fullmatch(street):
        kind = "HC" if street.upper().startswith("HC") else "RR"
        return f"{kind} {match.group(1)} BOX {match.group(2).upper()}"
    if match := _MILITARY.fullmatch(street):
        return f"{match.group(1).upper()} {match.group(2)} BOX {match.group(3)}"
    return None


def _street_line(street: str, city: str, state: str, zip_code: str) -> tuple[str | None, str]:
    from scourgify import normalize_address_record
    from scourgify.exceptions import AddressNormalizationError

    record = {
        "address_line_1": street,
        "address_line_2": None,
        "city": city,
        "state": state,
        "postal_code": zip_code,
    }
    try:
        parsed = normalize_address_record(record)
    except AddressNormalizationError as error:
        # The library's own message repeats the address, which has no place in a status.
        return None, _REASONS.get(type(error).__name__, "the street line could not be read")
    except Exception as error:  # the parser fails in many ways on text that is no address
        return None, f"the street line could not be read ({type(error).__name__})"
    line, unit = parsed.get("address_line_1") or "", parsed.get("address_line_2") or ""
    if "," in line or zip_code[:5] in line.split() or not _HOUSE.match(line):
        return None, "the street line has no house number and street name"
    if unit and not _UNIT.fullmatch(unit):
        return None, "the part after the street is not a unit"
    if parsed.get("state") != state or _plain(parsed.get("city") or "") != _plain(city):
        return None, "the street line and the city run into each other"
    missing = _words(line + " " + unit) - _words(street)
    if len(missing) > 3 or _numbers(line + " " + unit) != _numbers(street):
        return None, "the street line changed while it was read"
    return f"{line} {unit}".strip(), ""


_REASONS = {
    "AmbiguousAddressError": "the street line can be read in more than one way",
    "UnParseableAddressError": "the street line could not be read",
    "IncompleteAddressError": "the address is incomplete",
    "AddressValidationError": "the address is not valid",
}


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return " ".join(re.sub(r"[^A-Z0-9 -]", " ", folded).split())


def _words(text: str) -> set[str]:
    return set(_plain(text).split())


def _numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d+", text))


def _judge(given: dict[str, str]) -> Answer:
    """Low, medium or high from bands of figures; a band counts with its lower end."""
    orders = _lowest(given["Orders"])
    if orders is None:
        return _failed("the number of orders is not a number")
    if orders == 0:
        return _risk("medium", "registered but never ordered, so there is no habit that could have stopped")
    days, value, returned = (
        _lowest(given[name]) for name in ("Days since last order", "Average order value", "Return rate")
    )
    if days is None:
        return _risk("medium", "there are orders, but the day of the last one is not known")
    points = (0 if days < 90 else 2 if days < 180 else 3 if days < 365 else 4) - (orders >= 3) - (orders >= 6)
    points += (returned or 0) >= 50
    said = [f"{_band(given['Orders'])} order{'' if given['Orders'] == '1' else 's'}"]
    said.append(f"the last one {_band(given['Days since last order'])} days ago")
    if returned is not None and returned >= 25:
        said.append(f"{_band(given['Return rate'])} % of the items returned")
    if value is not None and value >= 100:
        said.append(f"an average order of {_band(given['Average order value'])} dollars")
    risk = "high" if points >= 3 else "medium" if points >= 1 else "low"
    return _risk(risk, "; ".join(said))


def _risk(risk: str, reason: str) -> Answer:
    return Answer(json.dumps({"churn_risk": risk, "churn_reason": reason[0].upper() + reason[1:] + "."}), "", OK)


def _lowest(band: str) -> int | None:
    match = re.match(r"-?\d+", band)
    return int(match.group()) if match else None


def _band(band: str) -> str:
    return re.sub(r"\s*(percent|dollars|days)\s*$", "", band)
