"""Months that the data covers in part. Their figures are low because days are missing, so charts mark them."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd


def day(value: Any) -> str:
    """A date as 1 Mar 2026."""
    return f"{value.day} {value:%b %Y}"


@dataclass(frozen=True)
class Span:
    """The first and the last day of a feed, filters aside."""

    first: date
    last: date

    @classmethod
    def of(cls, first: Any, last: Any) -> Span | None:
        """The span between two dates or timestamps; None without dates."""
        if pd.isna(first) or pd.isna(last):
            return None
        return cls(pd.Timestamp(first).date(), pd.Timestamp(last).date())

    def __str__(self) -> str:
        return f"from {day(self.first)} to {day(self.last)}"

    def missing(self, month: Any) -> str | None:
        """Why a month is incomplete, or None for a complete month."""
        month = pd.Timestamp(month)
        start = date(month.year, month.month, 1)
        end = date(month.year, month.month, monthrange(month.year, month.month)[1])
        begins, ends = self.first > start, self.last < end
        if begins and ends:
            return f"data covers {day(self.first)} to {day(self.last)}"
        if begins:
            return f"data begins on {day(self.first)}"
        return f"data ends on {day(self.last)}" if ends else None

    def marked(self, frame: pd.DataFrame, month: str) -> pd.DataFrame:
        """The frame with a column ``complete``."""
        missing = frame[month].map(lambda each: None if pd.isna(each) else self.missing(each))
        return frame.assign(complete=missing.isna())

    def sentence(self, frame: pd.DataFrame, month: str) -> str:
        """The incomplete months of a frame in words; empty when all are complete."""
        months = sorted(pd.Timestamp(each) for each in frame[month].dropna().unique())
        found = [f"{each:%b %Y} ({why})" for each in months if (why := self.missing(each))]
        return f"Incomplete, shown as hollow points: {'; '.join(found)}." if found else ""
