"""Changes the text of a triggers.yaml: only the keys that change are touched, everything else stays byte for byte."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import EditRefusedError, TriggerNotFoundError
from penstock.project.triggers import TriggersReading
from penstock.project.yaml_edit import copy_data, same, update


def add_trigger(reading: TriggersReading, values: Mapping[str, Any]) -> str:
    """The text with one more trigger, at the end.

    Raises:
        EditRefusedError: the pipeline has one of that name, or it cannot be done without damage.
    """
    name = str(values["name"])
    if name in reading.entries:
        message = f"adding trigger {name} to pipeline {reading.pipeline}: it has one of that name"
        raise EditRefusedError(message, hint="Choose another name.", location=reading.locate(name))
    data, listed = _data(reading)
    listed.append(copy_data(dict(values)))
    return update(reading.document.text, data, reading.document.file)


@dataclass(frozen=True, slots=True)
class VariableChanges:
    """What changes of a trigger's variables: some set, some dropped by name, others as they are written."""

    set: Mapping[str, Any] = field(default_factory=dict)
    dropped: Collection[str] = ()


def change_trigger(
    reading: TriggersReading, name: str, changes: Mapping[str, Any], variables: VariableChanges | None = None
) -> str:
    """The text with keys of a trigger set; those whose value is None are taken out. Settings are changed one by one.

    A map of `variables` in `changes` replaces them as a whole; what is given as `variables` changes them one by one.
    Earlier entries of its name, which do not count beside it, are renamed with it: they would come to life.

    Raises:
        TriggerNotFoundError: there is none of that name.
        EditRefusedError: another has the new name, or it cannot be done without damage.
    """
    new = changes.get("name", name)
    if new != name and (not new or new in reading.entries):
        why = "taken" if new else "empty"
        message = f"renaming trigger {name} of pipeline {reading.pipeline}: the name {str(new)[:100]!r} is {why}"
        raise EditRefusedError(message, hint="Choose another name.", location=reading.locate(name))
    data, listed = _data(reading)
    *earlier, last = _places(reading, name)
    entry = listed[last]
    _merge(entry, changes)
    if new != name:
        for at in earlier:
            listed[at]["name"] = new
    if variables is not None:
        _change_variables(entry, variables)
    return update(reading.document.text, data, reading.document.file)


def remove_trigger(reading: TriggersReading, name: str) -> str:
    """The text without a trigger. Raises as `change_trigger`.

    Without any of that name: an earlier entry, which did not count beside the last, would come to life.
    """
    data, listed = _data(reading)
    for at in reversed(_places(reading, name)):
        del listed[at]
    return update(reading.document.text, data, reading.document.file)


def _merge(entry: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        old = entry.get(key)
        if value is None:
            entry.pop(key, None)
        elif key == "settings" and isinstance(value, Mapping):
            settings = dict(old) if isinstance(old, dict) else {}
            _merge(settings, value)
            if settings or key in entry:
                entry[key] = settings
        elif not same(old, value):
            entry[key] = copy_data(value)


def _change_variables(entry: dict[str, Any], changes: VariableChanges) -> None:
    held = entry.get("variables")
    old = held if isinstance(held, dict) else {}
    gone = set(changes.dropped)
    wanted = {key: value for key, value in old.items() if str(key) not in gone}
    written = {str(key): key for key in wanted}
    for name, value in changes.set.items():
        wanted[written.get(name, name)] = copy_data(value)
    if wanted:
        entry["variables"] = wanted
    elif old:
        del entry["variables"]


def _data(reading: TriggersReading) -> tuple[Any, list[Any]]:
    """The data of the file, and the list of its triggers in it."""
    data = copy_data(reading.document.data)
    if isinstance(data, list):
        return data, data
    data = {} if data is None else data
    if not isinstance(data, dict) or not isinstance(data.get("triggers") or [], list):
        raise EditRefusedError(
            f"changing the triggers of pipeline {reading.pipeline}: {reading.document.file} holds no list of them",
            hint="Correct the file by hand; nothing was written.",
            location=reading.document.locate(()),
        )
    if not isinstance(data.get("triggers"), list):
        data["triggers"] = []
    return data, data["triggers"]


def _places(reading: TriggersReading, name: str) -> list[int]:
    """Where the entries of that name are in the list; the last is the one that counts."""
    entry = reading.entries.get(name)
    if entry is None:
        known = ", ".join(reading.entries) or "none"
        raise TriggerNotFoundError(
            f"changing trigger {name}: pipeline {reading.pipeline} has none of that name", hint=f"It has {known}."
        )
    return [int(path[-1]) for path in (*entry.earlier, entry.path)]
