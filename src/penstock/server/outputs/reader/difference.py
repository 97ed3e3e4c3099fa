"""What differs between two versions of an output: schema, rows, distributions over the same edges, rows by key.

Tables are compared in batches, so that memory is bounded by the keys, whatever else a row holds.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec

from penstock.data.statistics import json_safe
from penstock.model.errors import SettingInvalidError
from penstock.model.product import Kind
from penstock.server.outputs.reader.distributions import distributions
from penstock.server.outputs.reader.keyed import compare_by_key, contents_differ
from penstock.server.outputs.reader.questions import DiffQuestion, Target
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.value import Item, open_item
from penstock.server.outputs.reader.view import View
from penstock.server.outputs.reader.work import Work

_TABLES = {Kind.TABLE, Kind.SERIES}
_KEY = re.compile(r"(^|_)(id|key|uuid|code|number|no|nr|name)$", re.IGNORECASE)


def answer_diff(work: Work, shelf: Shelf, question: DiffQuestion) -> None:
    """Answer with a Difference as JSON."""
    targets = [_version(question.target, version) for version in (question.before, question.after)]
    items = [open_item(shelf, target) for target in targets]
    found: dict[str, Any] = {
        "before": items[0].manifest.ref.version,
        "after": items[1].manifest.ref.version,
        "output": items[1].entry.summary.name,
        "kinds": [item.entry.summary.kind.value for item in items],
        "rows": {"before": items[0].entry.summary.rows, "after": items[1].entry.summary.rows},
        "schema": {"added": [], "removed": [], "retyped": [], "reordered": False},
        "distributions": [],
        "keyed": None,
        "key_candidates": [],
        "notes": [],
    }
    if all(item.entry.summary.kind in _TABLES for item in items):
        _tables(work, shelf, [shelf.view(target) for target in targets], question.keys, found)
    else:
        found["content_differs"] = _raw(items[0]) != _raw(items[1])
    work.head({})
    work.chunk(msgspec.json.encode(found))


def _version(target: Target, version: str) -> Target:
    return msgspec.structs.replace(target, version=version)


def _tables(work: Work, shelf: Shelf, views: list[View], keys: tuple[str, ...] | None, found: dict[str, Any]) -> None:
    before, after = views
    names = [[column.name for column in view.columns] for view in views]
    types = [{column.name: column.type for column in reversed(view.columns)} for view in views]
    found["rows"] = {"before": before.rows, "after": after.rows}
    common = [name for name in dict.fromkeys(names[1]) if name in types[0]]
    retyped = [name for name in common if types[0][name] != types[1][name]]
    found["schema"] = {
        "added": [{"name": name, "type": types[1][name]} for name in dict.fromkeys(names[1]) if name not in types[0]],
        "removed": [{"name": name, "type": types[0][name]} for name in dict.fromkeys(names[0]) if name not in types[1]],
        "retyped": [{"name": name, "before": types[0][name], "after": types[1][name]} for name in retyped],
        "reordered": [name for name in dict.fromkeys(names[0]) if name in types[1]] != common,
    }
    found["key_candidates"] = _candidates(views, [name for name in common if name not in retyped])
    pairs = [(_position(names[0], name), _position(names[1], name)) for name in common]
    found["distributions"], left_out = distributions(work, shelf, before, after, pairs)
    if left_out:
        found["notes"].append(f"Distributions of the first columns; {left_out:,} more are left out.")
    found["keyed"] = _keyed(work, shelf, before, after, keys, pairs, found["key_candidates"])
    told = found["keyed"] or {}
    rows = before.rows != after.rows or any(told.get(what) for what in ("added", "removed", "changed"))
    found["content_differs"] = any(found["schema"].values()) or rows or contents_differ(work, before, after, pairs)


def _keyed(
    work: Work,
    shelf: Shelf,
    before: View,
    after: View,
    keys: tuple[str, ...] | None,
    pairs: list[tuple[int, int]],
    candidates: list[str],
) -> dict[str, Any] | None:
    """Rows by key: those that are asked for, or the best one that turns out to identify rows."""
    if keys:
        return compare_by_key(work, shelf, before, after, keys, pairs)
    for candidate in candidates[:3] if keys is None else ():
        # Statistics of large tables are estimates: the comparison itself looks at every value.
        with suppress(SettingInvalidError):
            return compare_by_key(work, shelf, before, after, (candidate,), pairs)
    return None


def _position(names: list[str], name: str) -> int:
    return names.index(name)


def _candidates(views: list[View], common: list[str]) -> list[str]:
    """Columns that may identify a row, as far as the statistics tell; those that are called as keys are come first."""
    found = None
    for view in views:
        unique = {
            column.name
            for column in view.columns
            if (told := column.statistics) is not None and told.distinct == view.rows and not told.nulls and view.rows
        }
        found = unique if found is None else found & unique
    types = {column.name: column.type for column in reversed(views[1].columns)}
    return sorted((name for name in common if name in (found or set())), key=lambda name: _rank(name, types[name]))[:10]


def _rank(name: str, kind: str) -> int:
    """How unlikely a column is to be meant as a key: by its name, then whether it has what is measured."""
    called = bool(_KEY.search(name))
    measured = kind.lower().startswith(("float", "double", "decimal", "duration", "timedelta", "timestamp", "datetime"))
    return (0 if called else 1) + (2 if measured else 0)


def _raw(item: Item) -> Any:
    """What tells two values apart that are no tables, without reading pickles."""
    stored = item.stored
    content = b"" if stored.blob is None else bytes(item.blob())
    return stored.codec, json_safe(stored.meta), stored.inline, content, [str(part) for part in stored.parts]
