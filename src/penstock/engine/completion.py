"""What a session's namespace offers to a person who types: completions, and a list of its variables.

Called in a second thread while the user's code may run; touches values as little as possible.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from penstock.model.messages import Variable

MOST = 500
_LONGEST = 120
_DOTTED = re.compile(r"[A-Za-z_][\w.]*$|\.$")
_KEY = re.compile(r"([A-Za-z_][\w.]*)\[\s*(['\"])([^'\"\n]*)$")


def complete(code: str, cursor: int, names: dict[str, Any]) -> tuple[int, list[str]]:
    """Words that complete the text before the cursor, and where the part begins that they replace."""
    before = code[:cursor]
    if key := _KEY.search(before):
        return key.start(3), [text for text in _keys(_value(key[1], names)) if text.startswith(key[3])][:MOST]
    found = _DOTTED.search(before)
    if found is None:
        return len(before), []
    head, dot, tail = found[0].rpartition(".")
    start = cursor - len(tail)
    if not dot:
        offered: Iterator[str] = iter({*names, *dir(builtins), *keyword.kwlist})
    else:
        value = _value(head, names)
        offered = iter(()) if value is _NOTHING else iter(_attributes(value))
    matches = [name for name in offered if name.startswith(tail) and (tail.startswith("_") or not name.startswith("_"))]
    return start, sorted(matches, key=str.lower)[:MOST]


def variables(names: dict[str, Any]) -> Iterator[Variable]:
    """The variables that the user has made, by name."""
    hidden = {"get_variable", "display"}
    for name, value in sorted(names.items()):
        if not name.startswith("_") and name not in hidden and not isinstance(value, ModuleType):
            yield Variable(name, type(value).__name__, _summary(value))


_NOTHING = object()


def _value(path: str, names: dict[str, Any]) -> Any:
    """What a dotted name stands for; attributes of modules and instances only as they are, nothing is called."""
    first, *rest = path.split(".")
    value = names.get(first, getattr(builtins, first, _NOTHING))
    for step in rest:
        try:
            value = getattr(value, step, _NOTHING)
        except Exception:  # noqa: BLE001 - a property of the user's own may raise anything
            return _NOTHING
    return value


def _attributes(value: Any) -> list[str]:
    try:
        return [name for name in dir(value) if isinstance(name, str)]
    except Exception:  # noqa: BLE001 - as above: __dir__ may be the user's
        return []


def _keys(value: Any) -> list[str]:
    """Keys of a dict, or names of a table's columns."""
    try:
        keys = value.columns if hasattr(value, "columns") else value.keys()
        return [key for key in keys if isinstance(key, str)]
    except Exception:  # noqa: BLE001 - as above
        return []


def _summary(value: Any) -> str:
    try:
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple) and shape:
            return " x ".join(f"{size:,}" for size in shape)
        if isinstance(value, list | tuple | set | dict) and len(value) > 20:  # noqa: PLR2004 - a repr of more says less
            return f"{len(value):,} items"
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - as above: __repr__ may be the user's
        return f"({type(error).__name__} while it was shown)"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
