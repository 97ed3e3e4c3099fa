"""From what a form sends to the keys of a triggers.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from penstock.config.decoding import from_plain
from penstock.model.errors import EditRefusedError, SettingInvalidError
from penstock.model.slots import due_slots, upcoming
from penstock.model.trigger import Slot
from penstock.model.trigger_words import in_words
from penstock.model.wall_clock import zone
from penstock.project.trigger_edit import add_trigger
from penstock.project.trigger_entry import TriggerEntry
from penstock.project.triggers import TriggersReading, entries_of
from penstock.project.yaml_text import parse_yaml
from penstock.server.schema.triggers import NewTrigger, TriggerPreview

_KEYS = {"kind": "schedule_type", "schedule": "schedule_interval", "active": "status"}
_PLAIN = ("name", "start_time", "variables", "sla", "description", "tags", "envs", "event_matchers", "settings")
_SHOWN = 10
_EXACT = 1e15
"""Whole numbers below are exact as numbers with a fraction."""


def file_values(given: NewTrigger) -> dict[str, Any]:
    """The entry of a new trigger: Mage's keys always, others where something was said. Raises EditRefusedError."""
    values: dict[str, Any] = {
        "name": given.name,
        "schedule_type": given.kind,
        "schedule_interval": given.schedule,
        "start_time": _moment(given.start_time, given.settings.get("time_zone")),
        "status": _status(given.active),
        "variables": given.variables,
        "settings": {key: value for key, value in given.settings.items() if value is not None},
        "sla": _whole(given.sla),
        "description": given.description,
        "tags": given.tags,
        "envs": given.envs,
        "event_matchers": given.event_matchers,
    }
    always = {"name", "schedule_type", "status"}
    return {key: value for key, value in values.items() if key in always or value not in (None, "", [], {})}


def file_changes(given: Mapping[str, Any], time_zone: str) -> dict[str, Any]:
    """The keys of the file that a change of a trigger in that zone sets; None takes one out.

    Raises:
        EditRefusedError: there is no such key, or its value is of another type than it has.
    """
    unknown = given.keys() - _KEYS.keys() - set(_PLAIN)
    if unknown:
        known = ", ".join([*_KEYS, *_PLAIN])
        raise EditRefusedError(
            f"changing a trigger: it has no {', '.join(sorted(unknown))}"[:200], hint=f"It has {known}."
        )
    _check_types(given)
    changes: dict[str, Any] = {}
    for key, value in given.items():
        if key == "active":
            changes["status"] = _status(value)
        elif key == "start_time":
            changes[key] = _moment(value, (given.get("settings") or {}).get("time_zone", time_zone))
        elif value in ("", [], {}) and key != "settings":
            changes[_KEYS.get(key, key)] = None
        else:
            changes[_KEYS.get(key, key)] = _whole(value)
    return changes


def preview(pipeline: str, file: str, given: NewTrigger, now: datetime, lead: timedelta) -> TriggerPreview:
    """What a trigger would do, read as its file would be and switched on now; `lead` is how long its runs take."""
    entry = read_back(pipeline, file, given)
    slots: list[Slot] = []
    if not entry.problem:
        slots = due_slots(entry.trigger, None, now, enabled_at=now, lead=lead)
        slots += upcoming(entry.trigger, now, _SHOWN, enabled_at=now, lead=lead)
    words = in_words(entry.trigger)
    return TriggerPreview(words, [slot.due.timestamp() for slot in slots[:_SHOWN]], entry.problem)


def read_back(pipeline: str, file: str, given: NewTrigger) -> TriggerEntry:
    """The trigger that an entry would be read as, once it stood in a file. Raises EditRefusedError."""
    named = msgspec.structs.replace(given, name=given.name.strip() or "new")
    empty = TriggersReading(pipeline, {}, parse_yaml("", file))
    found, findings = entries_of(parse_yaml(add_trigger(empty, file_values(named)), file), pipeline)
    if not found:
        raise EditRefusedError(f"making a trigger: {findings[0].message}"[:300], hint=findings[0].hint)
    return next(iter(found.values()))


def _check_types(given: Mapping[str, Any]) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(NewTrigger)}
    for key, value in given.items():
        if value is None and key not in {"name", "kind", "active"}:
            continue
        try:
            from_plain(value, fields[key])
        except msgspec.ValidationError as error:
            raise EditRefusedError(f"changing a trigger: {key}: {error}", hint="Send a value of that type.") from None


def _status(active: object) -> str:
    return "active" if active else "inactive"


def _whole(value: Any) -> Any:
    """A number that was sent with a fraction of nothing, as people write it."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _moment(text: str | None, time_zone: Any) -> datetime | None:
    """A start time as the file has it: on the clocks of the trigger's zone. Raises SettingInvalidError.

    The second time that clocks show it, in autumn, needs its offset.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        if found.tzinfo is not None:
            place = zone(str(time_zone or "UTC"))
            found = found.astimezone(place)
            found = found.replace(tzinfo=timezone(found.utcoffset() or timedelta()) if found.fold else None, fold=0)
    except (ValueError, OverflowError):
        raise SettingInvalidError(
            f"making a trigger: start_time is {text[:50]!r}, which is no date",
            hint="Send such as 2024-01-31T06:00:00Z.",
        ) from None
    return found
