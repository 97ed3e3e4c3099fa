"""Takes up runs where another process has left them: whose driver is dead, and what of a run can be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from penstock.model.messages import Failure
from penstock.model.run import BlockState
from penstock.observe.liveness import identity, is_gone, number_space
from penstock.schedule.drive import OWED, SENSOR
from penstock.state.rows import BlockRunRow, RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

MOST_LOST = 5
"""How often the process that drives a block may end while it runs before the block counts as the cause."""


def driver_identity() -> dict[str, Any]:
    """This process, as a run remembers who drives it. `space` tells apart numbers of processes in containers."""
    return {**identity(), "space": number_space()}


def is_dead(process: Mapping[str, Any] | None) -> bool:
    """Whether the process that drove a run is surely dead: of this machine, and not there any more."""
    if not process or process.get("host") != identity()["host"] or process.get("space") != number_space():
        return False  # of elsewhere: its lease will tell
    return is_gone(dict(process))


def abandoned(
    connection: sa.Connection,
    state: State,
    owner: str,
    now: float,
    dead: Callable[[Mapping[str, Any] | None], bool],
    *,
    patient: bool = False,
) -> list[tuple[RunRow, int | None]]:
    """Open runs that nobody drives any more, each with the token to claim it over; None where its lease has expired.

    Args:
        connection: in a transaction that writes.
        state: the store.
        owner: who asks. Its own runs are told as well: it knows itself which of them it drives.
        now: seconds since the epoch.
        dead: whether a process is surely dead, such as `is_dead`.
        patient: leave a lease that has expired to its owner, unless that is dead: nobody could renew it for a while.
    """
    expired = [row for row in state.runs.lost(connection, now) if not patient or dead(row.process)]
    found: dict[str, tuple[RunRow, int | None]] = {row.id: (row, None) for row in expired}
    for row in state.runs.leased(connection):
        if row.id not in found and row.open and (row.lease_owner == owner or dead(row.process)):
            found[row.id] = (row, row.lease_token)
    return list(found.values())


def entries(
    rows: Iterable[BlockRunRow], *, recovered: bool = False, now: float | None = None
) -> dict[str, dict[str, Any]]:
    """What `RunLoop.start` resumes a run from.

    `due` is the moment before which a block is not tried again: the end of its back-off, or of a pause of a sensor.
    `pause` is how many seconds a back-off was meant to take, `between` tells of a sensor that has asked before.

    Args:
        rows: the blocks of the run.
        recovered: the process that drove it has ended without a word; a block that was under way each time is given up.
        now: seconds since the epoch, to tell what was noted by a clock that was ahead.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        expansion = row.expansion or {}
        entry: dict[str, Any] = {
            "state": row.state if row.state in _STATES else BlockState.QUEUED.value,
            "attempts": row.attempts,
            "failure": dict(row.failure) if row.failure is not None else None,
            "ref": expansion.get("ref"),
            "items": expansion.get("items"),
            "due": _due(row, now),
            **_pause(row),
            "failed_at": _failed_at(row),
            # One that is being ended has its last state before its process has come to its end.
            "told": row.ended_at is not None,
            "owed": owed_callbacks(row, lost=recovered),
            "between": (row.waiting or {}).get("kind") == SENSOR,
        }
        if recovered and row.state == BlockState.RUNNING and lost_attempts(row) > MOST_LOST:
            entry |= {"state": BlockState.FAILED.value, "failure": asdict(_given_up(row))}
        found[row.block] = entry
    return found


def _failed_at(row: BlockRunRow) -> float | None:
    """When its last attempt has failed; a child that was withdrawn, and has come again, begins as if it had none."""
    return row.queued_at if row.failure is not None and row.failure.get("kind") != "withdrawn" else None


def _due(row: BlockRunRow, now: float | None) -> float | None:
    """When a block is tried again: after as long as was meant, though somebody has set the clock back since."""
    if row.ended_at is not None or row.due_at is None:
        return None
    ahead = row.queued_at - now if now is not None and row.queued_at is not None else 0.0
    return row.due_at - max(0.0, ahead)


def _pause(row: BlockRunRow) -> dict[str, float]:
    if row.due_at is None or row.queued_at is None or row.failure is None:
        return {}
    return {"pause": max(0.0, row.due_at - row.queued_at)}


def lost_attempts(row: BlockRunRow, *, now: int = 1) -> int:
    """How often a process ended that drove the block, with the one that has ended now."""
    return int((row.expansion or {}).get("lost") or 0) + now


def owed_callbacks(row: BlockRunRow, *, lost: bool) -> int:
    """How often the callbacks of a block were begun that have not ended, with those that the next driver begins."""
    begun = int((row.expansion or {}).get(OWED) or 0)
    return begun + 1 if begun and lost else begun


def with_losses(rows: Iterable[BlockRunRow]) -> dict[str, BlockRunRow]:
    """The blocks of a run that was taken over, by name: those that were under way count one more lost attempt."""
    found = {row.block: row for row in rows}
    for name, row in found.items():
        if owed := owed_callbacks(row, lost=True):
            found[name] = replace(row, expansion={**(row.expansion or {}), OWED: owed})
        if row.state == BlockState.RUNNING:
            found[name] = replace(row, expansion={**(row.expansion or {}), "lost": lost_attempts(row)})
    return found


def _given_up(row: BlockRunRow) -> Failure:
    return Failure(
        "lost",
        f"the process that drove the block ended {lost_attempts(row)} times while it ran",
        "It may need more memory than the machine has: give the block a memory limit, then retry the run.",
        "X102",
    )


_STATES = frozenset(state.value for state in BlockState)
