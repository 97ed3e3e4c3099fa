"""Triggers that run once: after their run they are inactive, in the store at once, and then in their file.

The file is changed in one word, `status`, and only when it is still what was read a moment before: an edit of somebody
else is never written over. Should it come in between, the file says so once more, and it is tried again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.model.errors import EditRefusedError, TriggerNotFoundError
from penstock.model.trigger import Preset, TriggerKind
from penstock.project.text_file import write_text
from penstock.project.trigger_edit import change_trigger
from penstock.project.triggers import read_triggers
from penstock.state.rows import RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_TIMES = 3


def is_once(definition: Any) -> bool:
    """Whether a trigger has one slot, and is done with it."""
    schedule = str(definition.get("schedule") or "").strip().lower()
    return definition.get("kind") == TriggerKind.TIME and schedule == Preset.ONCE


def retire(connection: sa.Connection, state: State, run: RunRow) -> None:
    """The only run of a trigger has ended: the trigger is inactive from now on.

    Args:
        connection: of the transaction that ends the run.
        state: the store.
        run: as it is now; one that somebody has started by hand is not what the trigger waits for.
    """
    if run.trigger_id is None or run.slot is None:
        return
    row = state.triggers.get(connection, run.trigger_id)
    if row is not None and row.active and is_once(row.definition):
        state.triggers.change(connection, row.id, active=False, next_due_at=None)


def retire_in_file(root: Path, folder: Path, pipeline: str, name: str) -> bool:
    """Say in triggers.yaml that a trigger is inactive; whether the file had to be changed.

    Args:
        root: the project's folder.
        folder: the pipeline's folder.
        pipeline: the pipeline.
        name: the trigger.

    Raises:
        EditRefusedError: others change the file all the time, or it cannot be done without damage.
        FileInvalidError: the file cannot be read.
        StorageError: the file system refuses.
    """
    for left in reversed(range(_TIMES)):
        reading = read_triggers(root, pipeline, folder)
        entry = reading.entries.get(name)
        if reading.file is None or entry is None or not entry.trigger.active or not is_once(_plain(entry.trigger)):
            return False
        try:
            write_text(reading.file, change_trigger(reading, name, {"status": "inactive"}))
        except TriggerNotFoundError:
            return False
        except EditRefusedError:
            if not left:
                raise
            continue
        return True
    return False


def _plain(trigger: Any) -> dict[str, Any]:
    from penstock.model.trigger_definition import to_definition

    return dict(to_definition(trigger))
