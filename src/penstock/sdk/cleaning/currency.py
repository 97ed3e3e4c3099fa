"""Numbers out of texts that carry a currency, thousands separators or a percent sign."""

from __future__ import annotations

import re

_SIGNS = r"(?:[$€£¥₹元]|Rs|CAD)"
_AMOUNT = re.compile(rf"(?:{_SIGNS}|-|\s)*(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*{_SIGNS}?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")


def currency_to_number(value: object) -> float | None:
    """The amount that a text like "- ¥ 22.3", "$1,000.50" or "0.42 €" states; None for one that states none."""
    text = _GROUPED.sub(lambda found: found.group().replace(",", ""), str(value).strip())
    found = _AMOUNT.fullmatch(text)
    if found is None or text.count("-") > 1:
        return None
    amount = float(found["number"])
    return -amount if "-" in text else amount


def to_number(value: object) -> float | None:
    """As `currency_to_number`; a percentage is its number ("5 %" is 5), a number is itself."""
    if isinstance(value, (int, float)):
        return float(value)
    return currency_to_number(str(value).strip().removesuffix("%"))
