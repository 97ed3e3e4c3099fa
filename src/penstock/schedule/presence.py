"""Which schedulers there are, by what each writes of itself: whoever tells of it reads it here, so that all agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.observe.liveness import is_nowhere

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

HEARD_WITHIN = 150.0
"""Seconds without a sign of life after which a scheduler counts as gone; it gives one each half minute to minute."""
NO_SCHEDULER = "no scheduler is running"
START_ONE = "Start one: `penstock start`, or `penstock start --instance-type scheduler`."
_KINDS = frozenset({"scheduler", "both"})


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of the schedulers of a store.

    `there` are so many, the last of which was heard at `heard_at`, seconds since the epoch. When there are none,
    `heard_at` is when the last of those that did not say that they end was heard, None for none; `vanished` says that
    its process is known to be gone, whenever that was.
    """

    there: int = 0
    heard_at: float | None = None
    vanished: bool = False


def presence(state: State, connection: sa.Connection, now: float) -> Presence:
    """The schedulers that are there: heard lately, and not of a process of this machine that is gone.

    Args:
        state: the store.
        connection: in a transaction.
        now: seconds since the epoch.
    """
    known = [node for node in state.nodes.all(connection) if node.kind in _KINDS]
    gone = {node.id for node in known if is_nowhere(node.host, node.pid)}
    there = [node for node in known if node.seen_at > now - HEARD_WITHIN and node.id not in gone]
    last = max(there or known, key=lambda node: node.seen_at, default=None)
    if last is None:
        return Presence()
    return Presence(len(there), last.seen_at, last.id in gone)
