"""Whether an event is one that a trigger waits for: the patterns of Mage's event matchers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event has every key of the pattern, with a value that fits; keys below keys are compared alike.

    A list in a pattern means "one of these". Where the event holds a list too, one of its items is enough.
    """
    return all(key in event and _fits(wanted, event[key]) for key, wanted in pattern.items())


def matches_any(matchers: Iterable[Mapping[str, Any]], event: Mapping[str, Any]) -> bool:
    """Whether one of a trigger's matchers fits: each has a `pattern`, and one that says nothing fits nothing."""
    patterns = [each["pattern"] for each in matchers if isinstance(each.get("pattern"), Mapping) and each["pattern"]]
    return any(matches(pattern, event) for pattern in patterns)


def _fits(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, list):
        if isinstance(found, list):
            return any(_fits(one, each) for one in wanted for each in found)
        return any(_fits(one, found) for one in wanted)
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and matches(wanted, found)
    # 1 and true are equal in Python, and are not the same in an event
    return wanted == found and isinstance(wanted, bool) == isinstance(found, bool)
