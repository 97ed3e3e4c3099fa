"""Values of YAML files on their way to the browser and back: dates travel as text and come back as what they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

Plain = Any


def to_plain(value: Any) -> Plain:
    """The value as JSON has it; the keys of maps are text."""
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return msgspec.to_builtins(value)


def as_before(old: Any, new: Plain) -> Any:
    """The new value with the types that its parts had: what has not changed for the browser does not change at all."""
    if not isinstance(old, bool | int | float | str | type(None)) or isinstance(old, float):
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            names = {str(key): key for key in old}
            return {names.get(key, key): as_before(old.get(names.get(key, key)), item) for key, item in new.items()}
        if isinstance(old, list) and isinstance(new, list):
            return [as_before(old[at] if at < len(old) else None, item) for at, item in enumerate(new)]
        if to_plain(old) == new and type(to_plain(old)) is type(new):
            return old
    return new


def kind_of(value: Any) -> str:
    """What a form shows a value as: text, number, boolean, list, map, date or nothing."""
    if value is None:
        return "nothing"
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "boolean"),
        ((int, float), "number"),
        ((date, datetime), "date"),
        (Mapping, "map"),
        (list, "list"),
    ]
    return next((name for kind, name in kinds if isinstance(value, kind)), "text")
