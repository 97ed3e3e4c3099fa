"""What the state store keeps of a trigger, worked out from its entry in a file and from what is stored of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from penstock.model.slots import due_slots, next_slot
from penstock.model.trigger import Trigger
from penstock.model.trigger_definition import to_definition
from penstock.project.trigger_entry import TriggerEntry
from penstock.schedule.retiring import is_once
from penstock.schedule.tokens import hash_token
from penstock.state.rows import TriggerRow

VERSION = "1"
"""Part of each digest: raised when a definition is written in another way, so that all files are read anew."""
BACK_AT_ONCE = 60.0
"""Seconds within which a trigger that was gone from its file is still the same one."""
_SCHEDULE = ("kind", "schedule", "start_time")
_IN_SETTINGS = ("time_zone", "landing_time_enabled")


@dataclass(frozen=True, slots=True)
class Moment:
    """What the work on a file is done with: the time, the environment, and the file's stamp."""

    now: float
    environment: str
    stamp: str


def digest_of(entry: TriggerEntry, moment: Moment) -> str:
    """What tells whether an entry has changed: of which file, read how, and what it says."""
    said = json.dumps(
        [to_definition(entry.trigger), entry.problem, entry.written, entry.token], sort_keys=True, default=str
    )
    return f"{stamp_prefix(moment)}{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def stamp_prefix(moment: Moment) -> str:
    """The part of a digest that is the same for all entries of a file."""
    return f"{VERSION}/{moment.environment}/{moment.stamp}/"


def is_meant_here(trigger: Trigger, environment: str) -> bool:
    """Whether a trigger is for this environment; `production` is another name of `prod`."""
    names = {"prod" if name == "production" else name for name in trigger.envs}
    return not names or ("prod" if environment == "production" else environment) in names


def mirrored(entry: TriggerEntry, old: TriggerRow | None, moment: Moment, lead: timedelta) -> TriggerRow:
    """The row of an entry; `old` is what is stored under its name, removed or not."""
    trigger = entry.trigger
    definition = to_definition(trigger) | {
        "written": entry.written,
        "problem": entry.problem,
        "file_token": bool(entry.token),
    }
    here = is_meant_here(trigger, moment.environment)
    definition["meant_here"] = here
    active = trigger.active and here
    row = replace(
        old or TriggerRow(trigger.pipeline, trigger.name, created_at=moment.now),
        definition=definition,
        digest=digest_of(entry, moment),
        active=active,
        problem=entry.problem,
        last_enabled_at=_enabled_at(trigger, old, moment) if active else (old.last_enabled_at if old else None),
        last_slot=_dealt_with(definition, old, moment.now),
        token_hash=_token_hash(entry, old),
        updated_at=moment.now,
        removed_at=None,
    )
    return replace(row, next_due_at=next_due(row, trigger, moment.now, lead))


def next_due(row: TriggerRow, trigger: Trigger, now: float, lead: timedelta = timedelta(0)) -> float | None:
    """When the trigger is due next, which may be past: the first slot that nobody has dealt with. None for never."""
    if not row.active or row.problem:
        return None
    at = datetime.fromtimestamp(now, UTC)
    last = datetime.fromtimestamp(row.last_slot, UTC) if row.last_slot is not None else None
    enabled = datetime.fromtimestamp(row.last_enabled_at, UTC) if row.last_enabled_at is not None else None
    waiting = due_slots(trigger, last, at, enabled_at=enabled, lead=lead)
    slot = waiting[0] if waiting else next_slot(trigger, at, enabled_at=enabled, lead=lead)
    return slot.due.timestamp() if slot else None


def _enabled_at(trigger: Trigger, old: TriggerRow | None, moment: Moment) -> float:
    """Since when it has been active: since it was first seen so, or since the file says, when that is later."""
    goes_on = old is not None and _went_on(old, moment) and not _begins_anew(to_definition(trigger), old)
    known = old.last_enabled_at if old is not None and goes_on else None
    since = moment.now if known is None else known
    said = trigger.last_enabled_at.timestamp() if trigger.last_enabled_at else since
    return max(since, said)


def _begins_anew(definition: Any, old: TriggerRow) -> bool:
    """Whether a trigger has become one that runs once, or is one that waited and is to run at another time now."""
    if not is_once(definition) or _schedule(definition) == _schedule(old.definition):
        return False
    return not is_once(old.definition) or not has_run(old)


def has_run(row: TriggerRow) -> bool:
    """Whether a trigger that runs once has done so since it was switched on."""
    return row.last_slot is not None and row.last_slot >= (row.last_enabled_at or 0.0)


def _went_on(old: TriggerRow, moment: Moment) -> bool:
    """Whether a trigger has been active until now.

    One that is back at once counts as if it had never gone: editors that empty a file before they write it, and
    checkouts that replace it, must not cost a slot, or run something a second time.
    """
    if old.removed_at is None:
        return old.active
    was_active = old.definition.get("active") is True and old.definition.get("meant_here", True)
    return was_active and moment.now - old.removed_at < BACK_AT_ONCE


def _dealt_with(definition: dict[str, Any], old: TriggerRow | None, now: float) -> float | None:
    """Up to which slot nothing is to be made up for: a new schedule has no past."""
    if old is None:
        return None
    before, after = _schedule(old.definition), _schedule(definition)
    if before == after or after[-1]:  # with a landing time, the slot of today is still the same one
        return old.last_slot
    if is_once(definition):  # it has one slot, and `_enabled_at` says whether that is a new one
        return old.last_slot
    return max(old.last_slot or now, now)


def _schedule(definition: Any) -> tuple[Any, ...]:
    settings = definition.get("settings") or {}
    return (*(definition.get(key) for key in _SCHEDULE), *(settings.get(key) for key in _IN_SETTINGS))


def _token_hash(entry: TriggerEntry, old: TriggerRow | None) -> str | None:
    if entry.token:
        return hash_token(entry.token)
    if old is None or old.definition.get("file_token"):
        return None  # the one that stood in the file is gone with it
    return old.token_hash
