"""Runs and the runs that their blocks have asked for: who waits for whom, and what the end of one means for others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from penstock.state.rows import RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

ASKED = "asked"
"""The option of a run that says what block has asked for it, by which wish, and whether it waits."""


def asked_of(row: RunRow) -> Mapping[str, Any]:
    """What the block has said that asked for the run; empty when none did."""
    said = row.options.get(ASKED) if row.parent_run is not None else None
    return said if isinstance(said, Mapping) else {}


def is_awaited(row: RunRow) -> bool:
    """Whether a block waits for the end of the run, which others must not keep from beginning that wait themselves."""
    return bool(asked_of(row).get("waits"))


def belongs(row: RunRow, failed: tuple[float, str] | None, killed: Iterable[str]) -> bool:
    """Whether the repeated attempt of a block goes on with the run that an attempt before it has asked for.

    It does when that run has not ended, when the block was never told of its end, and when the attempt was ended from
    outside: by a kill, or with its scheduler. It does not when the attempt failed by itself after the run had ended.
    The attempt that asked last has noted after which failure it did: while that is the last one, none has failed since.
    Moments are not put in order, as the clock may have been set between them.

    Args:
        row: the run.
        failed: when the block's last attempt that failed has ended, and the kind of its failure.
        killed: the kinds of failures that come from outside.
    """
    said = asked_of(row)
    if said.get("closed"):
        return False
    if row.open or said.get("unheard") or failed is None:
        return True
    at, kind = failed
    return kind in set(killed) or said.get("after") == at


def change_asked(connection: sa.Connection, state: State, row: RunRow, **said: Any) -> None:
    """Set what is known of the wish for a run."""
    options = {**row.options, ASKED: {**asked_of(row), **said}}
    state.runs.change(connection, row.id, options=options)


def close_wishes(connection: sa.Connection, state: State, parent: str, concerns: Callable[[str], bool]) -> None:
    """The blocks begin anew by the wish of a person: what they had made and has ended is no concern of theirs.

    Args:
        connection: of the transaction.
        state: the store.
        parent: the run.
        concerns: whether a block, or child of one, is among them.
    """
    for row in state.runs.children(connection, parent):
        if not row.open and concerns(str(asked_of(row).get("block") or "")):
            change_asked(connection, state, row, closed=True)


def left_alone(connection: sa.Connection, state: State, parent: str) -> list[RunRow]:
    """The runs that blocks of a run waited for which has ended: nobody does any more, so they are to end as well."""
    return [
        row
        for row in state.runs.children(connection, parent)
        if row.open and not row.cancel_requested and is_awaited(row) and not asked_of(row).get("product")
    ]
