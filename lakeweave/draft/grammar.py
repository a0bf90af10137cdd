"""The offline planner: a sentence, clause by clause, into a :class:`~lakeweave.draft.plan.Plan`.

At each place of the sentence the rules are tried in order. A rule matches only if it understands its clause as a whole, with
relations and columns that exist; what no rule matches is skipped to the next separator and told in ``not_understood``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lakeweave.draft.catalog import Catalog, Relation
from lakeweave.draft.conditions import VALUE, conditions_at, unquoted
from lakeweave.draft.items import item_into
from lakeweave.draft.plan import Condition, Filter, Plan

_RELATION = r"[`\"']?(?:bronze|silver|gold)[._]\w+[`\"']?"
_AND = r"(?:\s*/\s*|\s*,\s*and\s+|\s*,\s*|\s+and\s+|\s+&\s+)"
_NAMES = rf"(?:the\s+|all\s+)*\w+(?:\s+(?:columns?|values?))?(?:{_AND}(?:the\s+)?\w+)*(?:\s+columns?)?"
_FILLER = re.compile(
    r"(?:[\s,;:()—–]|\.(?=\s|$)|-\s|\b(?:and|then|that|which|also|please|it|its|should|must|hold|holds|contain|contains|have|has|having"
    r"|with|table|model|put|sets?|setting)\b(?!-))+",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*(?:[,;()—–]|\.(?=\s|$)|\s-\s|\band\b|\bthen\b|$)", re.IGNORECASE)
_TYPES = (
    ("integer", r"int64|int|integers?|bigint|long|whole\s+numbers?"),
    ("float", r"float64|floats?|doubles?(?:\s+precision)?|real"),
    ("money", r"money|decimals?|numeric|(?:a\s+)?monetary\s+amounts?"),
    ("timestamp", r"timestamps?|date[\s-]?times?"),
    ("date", r"dates?"),
    ("boolean", r"bool(?:ean)?s?"),
    ("text", r"strings?|text|varchar"),
)
_TYPE = "|".join(pattern for _, pattern in _TYPES)
_EXCLUDE = (
    r"(?:exclud(?:e|es|ing)|drop(?:s|ping)?|remov(?:e|es|ing)|filter(?:s|ing)?\s+out|leav(?:e|es|ing)\s+out|omit(?:s|ting)?"
    r"|skip(?:s|ping)?|discard(?:s|ing)?|ignor(?:e|es|ing)|without)"
)
_ROWS = r"(?:all\s+|any\s+|the\s+|those\s+)*(?:rows?|records?|entries|users?|orders?|items?|products?|customers?)"
_WHERE = r"\s+(?:where|with|whose|when|that|which|having)\s+"
_STANDARDIZE = (
    r"(?:standardi[sz](?:e|es|ing)|normali[sz](?:e|es|ing)|map(?:s|ping)?|recod(?:e|es|ing)|translat(?:e|es|ing)"
    r"|chang(?:e|es|ing)|replac(?:e|es|ing)|rewrit(?:e|es|ing)|turn(?:s|ing)?)"
)
_BECOMES = r"\s+(?:to|into|as|with|by|becomes?|become|should\s+become|is)\s+"
_KEY = (
    r"(?:de-?dup(?:e|es|ed|ing|licate|licates|licated|licating)?(?:\s+(?:it|them|rows|records))?\s+(?:by|on|per|over)"
    r"|remov(?:e|es|ing)\s+duplicates\s+(?:by|on|of|per)|unique\s+(?:by|on|per)"
    r"|(?:keep(?:s|ing)?\s+)?(?:only\s+)?one\s+(?:row|record|line)\s+(?:per|for\s+each|for\s+every))"
)
_NEWEST = r"(?:most\s+recent|latest|newest|last|highest|greatest|largest|max(?:imum)?)"
_ROW = r"(?:row|record|one|version|entry)"
_CASES = {"title": "in title case", "proper": "in title case", "upper": "in upper case", "lower": "in lower case"}
_CALENDAR = {"date": "date", "day": "date", "week": "week", "month": "month", "year": "year"}


class _Reader:
    """One sentence and the plan that grows from it."""

    def __init__(self, sentence: str, catalog: Catalog) -> None:
        self.text = re.sub(r"\s+", " ", sentence).strip()
        self.at = 0
        self.catalog = catalog
        self.plan = Plan(sentence)
        self.relations: list[Relation] = []
        self.after_cast = False

    def match(self, pattern: str) -> re.Match[str] | None:
        """The pattern here, in any case of letters."""
        return re.compile(pattern, re.IGNORECASE).match(self.text, self.at)

    def column(self, word: str) -> str | None:
        """The column of one of the relations that a word names."""
        return next((name for one in self.relations if (name := one.column(word))), None)

    def columns(self, words: str) -> list[str] | None:
        """The columns of a list of words; none where one word is no column."""
        if re.fullmatch(
            r"(?:all\s+|the\s+)*(?:timestamps?|dates|timestamp\s+columns?)(?:\s+columns?)?", words, re.IGNORECASE
        ):
            return [name for one in self.relations[:1] for name in one.body() if name.endswith("_at")] or None
        names = []
        for word in re.split(_AND, words):
            bare = re.sub(
                r"^(?:the|all)\s+|^columns?\s+|\s+(?:columns?|values?|fields?)$", "", word.strip(), flags=re.IGNORECASE
            )
            name = self.column(bare)
            if name is None:
                return None
            names.append(name)
        return names

    # ---------- what is made from what

    def head(self) -> bool:
        """``Create a silver.users table``."""
        found = self.match(
            r"(?:please\s+)?(?:create|build|make|write|draft|produce|generate|set\s+up|add|(?:i|we)\s+(?:need|want)|give\s+me)\s+(?:me\s+)?"
            r"(?:(?:a|an|the|new|table|model|view)\s+)*[`\"']?(silver|gold)(?:[._]|\s+)(\w+)[`\"']?(?:\s+(?:table|model|view|relation)\b)?"
        )
        if not found or self.plan.target:
            return False
        self.plan.target = f"{found[1]}.{found[2]}".lower()
        self.at = found.end()
        return True

    def sources(self) -> bool:
        """``from silver.users``, ``joined with silver.orders and silver.order_items``."""
        found = self.match(
            r"(from|out\s+of|based\s+on|using|on\s+top\s+of|over|(?:left\s+)?join(?:ed|ing|s)?(?:\s+(?:it|them))?(?:\s+(?:with|to|on))?"
            rf"|combin(?:ed|ing)\s+with|together\s+with|enriched\s+with|plus)\s+({_RELATION}(?:{_AND}{_RELATION})*)"
        )
        if not found or not self.plan.target:
            return False
        for word in re.findall(_RELATION, found[2], re.IGNORECASE):
            relation = self.catalog.relation(word)
            if relation is None:
                self.plan.not_understood.append(word)
            elif not self.plan.base:
                self.plan.base = relation.name
                self.relations.append(relation)
            elif relation.name not in (self.plan.base, *self.plan.joins):
                self.plan.joins.append(relation.name)
                self.relations.append(relation)
        self.at = found.end()
        return True

    def grain(self) -> bool:
        """``aggregated by date``, ``per country and gender``: of gold."""
        found = self.match(
            r"(?:(?:aggregat|group|summari[sz]|roll|total|split)(?:e|es|ed|ing|s)?(?:led|ling)?(?:\s+(?:it|up|them))*\s+)?"
            r"(?:by|per|for\s+each|for\s+every|one\s+(?:row|line)\s+per)\s+((?:the\s+)?\w+(?:(?:\s*,\s*|\s+and\s+)\w+)*)"
        )
        if not found or self.plan.layer != "gold":
            return False
        words = re.split(r"\s*,\s*|\s+and\s+", re.sub(r"^the\s+", "", found[1], flags=re.IGNORECASE))
        dimensions: list[str] = []
        end = found.start(1)
        for word in words:
            name = _CALENDAR.get(word.lower()) or self.column_anywhere(word)
            if name is None:
                break
            dimensions.append(name)
            end = self.text.index(word, end) + len(word)
        if not dimensions:
            return False
        self.plan.by += dimensions
        self.at = end
        return True

    def column_anywhere(self, word: str) -> str | None:
        """A column of the relations that were named; before any was, of silver."""
        if self.relations:
            return self.column(word)
        silver = [one for one in self.catalog.relations.values() if one.name.startswith("silver.")]
        return next((name for one in silver if (name := one.column(word))), None)

    # ---------- one row per key

    def key(self) -> bool:
        """``deduplicates by id``."""
        found = self.match(rf"{_KEY}\s+(?:the\s+|its\s+)?(\w+)(?:\s+columns?)?")
        name = self.column(found[1]) if found else None
        if not found or not name or self.plan.key:
            return False
        self.plan.key = name
        self.at = found.end()
        return True

    def newest(self) -> bool:
        """``keeping the row with the most recent processed_at``."""
        keep = r"(?:and\s+)?keep(?:s|ing)?\s+(?:only\s+)?(?:the\s+)?"
        by_column = self.match(rf"{keep}{_ROW}\s+(?:with|that\s+has|having)\s+(?:the\s+)?{_NEWEST}\s+(\w+)")
        plain = self.match(rf"{keep}{_NEWEST}(?:\s+{_ROW})?\b(?:\s+(?:by|in|according\s+to)\s+(?:the\s+)?(\w+))?")
        found = by_column or plain
        if not found or not self.plan.key:
            return False
        name = self.column(found[1]) if found[1] else ""
        if name is None:
            return False
        self.plan.newest = name
        self.at = found.end()
        return True

    # ---------- types, values, case

    def cast(self) -> bool:
        """``casts age to INT64``, ``age must be an integer``."""
        verb = (
            r"(?:cast(?:s|ing)?|convert(?:s|ing)?|pars(?:e|es|ing)|read(?:s|ing)?|turn(?:s|ing)?"
            r"|normali[sz](?:e|es|ing)|typ(?:e|es|ing)|mak(?:e|es|ing))"
        )
        found = self.match(rf"{verb}\s+({_NAMES})\s+(?:to|into|as)\s+(?:an?\s+|the\s+)?(?:type\s+)?({_TYPE})\b")
        if not found and self.after_cast:
            found = self.match(rf"({_NAMES})\s+(?:to|into|as)\s+(?:an?\s+)?({_TYPE})\b")
        if not found:
            found = self.match(rf"(?:where\s+)?({_NAMES})\s+(?:is|are|must\s+be|should\s+be)\s+(?:an?\s+)({_TYPE})\b")
        names = self.columns(found[1]) if found else None
        if not found or names is None:
            return False
        kind = next(kind for kind, pattern in _TYPES if re.fullmatch(pattern, found[2], re.IGNORECASE))
        self.plan.casts.update(dict.fromkeys(names, kind))
        self.at = found.end()
        return True

    def case(self) -> bool:
        """``standardizes status to title case``, ``lowercasing email``."""
        words = "title|proper|upper|lower"
        verb = rf"(?:{_STANDARDIZE}|put(?:s|ting)?|cast(?:s|ing)?|convert(?:s|ing)?|writ(?:e|es|ing))\s+"
        found = self.match(rf"(?:{verb})?(?P<names>{_NAMES})\s+(?:to|in|into|as)\s+(?P<case>{words})[\s-]?case\b")
        found = found or self.match(
            rf"(?P<case>{words})[\s-]?cas(?:e|es|ed|ing)\s+(?:for\s+|of\s+)?(?P<names>{_NAMES})"
        )
        if found and (names := self.columns(found["names"])):
            self.plan.cases.update(dict.fromkeys(names, _CASES[found["case"].lower()]))
            self.at = found.end()
            return True
        found = self.match(rf"(?:trim(?:s|ming)?|strip(?:s|ping)?)\s+({_NAMES})")
        if found and (names := self.columns(found[1])):
            self.plan.cases.update(dict.fromkeys(names, "trimmed"))
            self.at = found.end()
            return True
        return False

    def values(self) -> bool:
        """``standardizes gender M to Male and F to Female``."""
        if found := self.match(
            rf"{_STANDARDIZE}\s+({VALUE})\s+(?:with|by|to|into)\s+({VALUE})(?:\s+and\s+({VALUE})\s+(?:with|by|to|into)\s+({VALUE}))?\s+in\s+(?:the\s+)?(\w+)"
        ):
            name = self.column(found[5])
            if name:
                return self._spelled(name, [(found[1], found[2]), (found[3], found[4])], found.end())
        found = self.match(
            rf"(?:{_STANDARDIZE}\s+)?(?:the\s+)?(\w+)(?:\s+values?)?(?:\s*:|\s+so\s+that|\s+from)?\s+(?={VALUE})"
        )
        name = self.column(found[1]) if found else None
        if not found or not name:
            return False
        slashed = re.compile(r"(\w+(?:/\w+)+)\s+(?:to|into|as)\s+(\w+(?:/\w+)+)").match(self.text, found.end())
        if slashed:
            old, new = slashed[1].split("/"), slashed[2].split("/")
            return len(old) == len(new) and self._spelled(name, list(zip(old, new, strict=True)), slashed.end())
        pair = re.compile(rf"({VALUE}){_BECOMES}({VALUE})", re.IGNORECASE)
        pairs, end, at = [], found.end(), found.end()
        while one := pair.match(self.text, at):
            if one[2].lower() in ("a", "an", "the", "null", "not", "below", "above"):
                break
            pairs.append((one[1], one[2]))
            end = one.end()
            more = re.compile(r"\s*,\s*and\s+|\s*,\s*|\s+and\s+").match(self.text, end)
            if not more or self.column(unquoted(self.text[more.end() :].split(" ")[0])):
                break
            at = more.end()
        return bool(pairs) and self._spelled(name, pairs, end)

    def _spelled(self, name: str, pairs: list[tuple[str, str]], end: int) -> bool:
        spelled = self.plan.values.setdefault(name, {})
        spelled.update({unquoted(old): unquoted(new) for old, new in pairs if old and new})
        self.at = end
        return True

    # ---------- rows and columns

    def rows(self) -> bool:
        """``excludes rows where email is null``, ``keep only rows where country = 'Japan'``."""
        keeps = False
        found = self.match(rf"{_EXCLUDE}\s+{_ROWS}{_WHERE}")
        if not found:
            found = self.match(
                rf"(?:keep(?:s|ing)?|includ(?:e|es|ing)|restrict(?:s|ed|ing)?\s+to)\s+(?:only\s+)?{_ROWS}{_WHERE}|(?:only\s+)?where\s+"
            )
            keeps = found is not None
        if found:
            read = conditions_at(self.text, found.end(), self.column)
            if read is None:
                return False
            self.plan.filters.append(Filter(read[0], read[1], keeps))
            self.at = read[2]
            return True
        out = r"(?:\s+(?:should\s+be|must\s+be|are)\s+(?:left\s+out|dropped|excluded|removed|skipped))"
        required = self.match(
            r"(\w+)\s+(?:(?:must|should|may)\s+not\s+be\s+(?:null|missing|empty)|is\s+required|must\s+be\s+(?:present|given))\b"
        )
        missing = self.match(rf"(?:{_EXCLUDE}\s+)?{_ROWS}\s+without\s+(?:an?\s+|the\s+)?(\w+){out}?")
        for one in (required, missing):
            if one and (name := self.column(one[1])):
                self.plan.filters.append(Filter((Condition(name, "is null"),)))
                self.at = one.end()
                return True
        return False

    def drop(self) -> bool:
        """``drop the latitude and longitude columns``, ``without the column street_address``."""
        found = self.match(rf"{_EXCLUDE}\s+(?:the\s+)?columns?\s+((?:\w+)(?:{_AND}\w+)*)") or self.match(
            rf"{_EXCLUDE}\s+(?:the\s+)?((?:\w+)(?:{_AND}\w+)*)\s+columns?\b"
        )
        names = self.columns(found[1]) if found else None
        if not found or names is None:
            return False
        self.plan.dropped += [name for name in names if name not in self.plan.dropped]
        self.at = found.end()
        return True

    def rename(self) -> bool:
        """``rename id to user_id``."""
        found = self.match(r"renam(?:e|es|ing)\s+(?:the\s+)?(\w+)(?:\s+column)?\s+(?:to|as|into)\s+([a-z_]\w*)")
        name = self.column(found[1]) if found else None
        if not found or not name:
            return False
        self.plan.renamed[name] = found[2].lower()
        self.at = found.end()
        return True

    # ---------- the columns of gold

    def listed(self) -> bool:
        """``Include: user_id, total_spend, and a churn_flag that is TRUE when …``."""
        found = self.match(r"(?:includ(?:e|es|ing)|columns?|show(?:s|ing)?|with|return(?:s|ing)?)\s*:?\s+")
        if not found or self.plan.layer != "gold" or not self.relations:
            return False
        stop = re.compile(r"\.(?=\s|$)|;|$").search(self.text, found.end())
        end = stop.start() if stop else len(self.text)
        for item in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+(?!of\b)", self.text[found.end() : end]):
            if item.strip() and not item_into(self.plan, item.strip(), self.relations):
                self.plan.not_understood.append(item.strip())
        self.at = end
        return True

    # ----------

    def read(self) -> Plan:
        """The plan of the whole sentence."""
        rules: list[Callable[[], bool]] = [
            self.head, self.sources, self.key, self.newest, self.grain, self.case, self.cast, self.values, self.rows,
            self.drop, self.rename, self.listed,
        ]  # fmt: skip
        while self.at < len(self.text):
            before = self.at
            if any(rule() for rule in rules):
                rule_was_cast = bool(self.plan.casts) and re.search(
                    rf"\b(?:{_TYPE})$", self.text[before : self.at], re.IGNORECASE
                )
                self.after_cast = bool(rule_was_cast)
                continue
            if filler := _FILLER.match(self.text, self.at):
                word = re.match(r"[\s,;:().—–-]*", filler[0])
                # One word at a time: what follows it may be a clause that begins with the next.
                step = word.end() if word and word.end() else len(re.match(r"\w+", filler[0])[0])  # type: ignore[index]
                self.at += step
                continue
            self.skip()
        return self.plan

    def skip(self) -> None:
        """Tell what stands here as not understood, up to the next separator."""
        stop = _SEPARATOR.search(self.text, self.at + 1)
        end = stop.start() if stop else len(self.text)
        self.plan.not_understood.append(self.text[self.at : end].strip())
        self.at = end


def plan_of(sentence: str, catalog: Catalog) -> Plan:
    """The plan of a sentence. What is not understood is in ``not_understood``, and nothing is planned for it."""
    plan = _Reader(sentence, catalog).read()
    if not plan.target or not plan.base:
        plan.not_understood = plan.not_understood if plan.target else [sentence.strip().rstrip(".")]
        return Plan(sentence, not_understood=plan.not_understood)
    return plan
