"""A net for mistakes of ours that concern one run: that run alone is put back, or stopped, and the others go on.

Whatever the scheduler does for a run stands inside `Stumbles.of`. A mistake in there lets go of the run at once; the
next turn puts it back to be taken up anew, and fails it when that has happened for the third time. A mistake that
concerns no run in particular goes through, and stumbles the scheduler as a whole.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Container
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from penstock.model.errors import InternalMistakeError, headline
from penstock.schedule.blame import StumbleError, blaming, stumble_of
from penstock.schedule.rearm import rearm
from penstock.schedule.requests import close_blocks
from penstock.schedule.retiring import retire

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.schedule.drive import DrivenRun
    from penstock.state.rows import RunRow
    from penstock.state.store import State

MOST = 3
"""How often a run may make this process stumble before it is stopped."""
REST = 5.0
"""Seconds for which a run rests that was put back: what was wrong may have passed by then."""

STUMBLED = "stumbled"
"""What a run waits for that was put back."""
Result = TypeVar("Result")


class Stumbles:
    """Over which runs this process has stumbled, how often, and what is to be done about them.

    `open` are the runs that were let go of, with how often it was by then, and that the store does not know of: they
    are to be put back, or stopped.

    Args:
        let_go: stops working for a run, or gives it up with this reason when there is one; called at once.
        notice: told of each stumble in words.
    """

    def __init__(self, let_go: Callable[[str, str], None], notice: Callable[[str], None]) -> None:
        self._let_go = let_go
        self._notice = notice
        self._counts: Counter[str] = Counter()
        self._last: dict[str, tuple[str, str]] = {}
        self.open: dict[str, int] = {}

    def of(self, run: str) -> Net:
        """Let a mistake inside cost that run alone; without a name, the one that is blamed inside."""
        return Net(self, run)

    def over(self, stumble: StumbleError) -> None:
        """A run has made us stumble: let go of it."""
        run = stumble.blamed
        self._note(stumble)
        try:
            with blaming(run):
                self._let_go(run, self.reason(run) if self._counts[run] == MOST else "")
        except StumbleError as again:
            self._note(again)

    def without(self, work: Callable[[Container[str]], Result]) -> Result:
        """Do something for many runs at once; again, without them, when some make us stumble."""
        odd: set[str] = set()
        while True:
            try:
                return work(odd)
            except StumbleError as stumble:
                if stumble.blamed in odd:
                    raise
                odd.add(stumble.blamed)
                self._tell(stumble)

    def settled(self, run: str) -> None:
        """It was put back, or nothing is left to be done for it."""
        self.open.pop(run, None)

    def forget(self, run: str) -> str:
        """It has ended: who lets it go on begins anew. The last traceback, when it was stopped for it."""
        self.open.pop(run, None)
        count, (_, trace) = self._counts.pop(run, 0), self._last.pop(run, ("", ""))
        return trace if count >= MOST else ""

    def reason(self, run: str) -> str:
        """Why a run is stopped, in words."""
        cause, _ = self._last.get(run, ("", ""))
        error = InternalMistakeError(
            f"internal error in run {run}: {cause}; it came {MOST} times, and the run was stopped so that others go on",
            hint="The traceback is in the log of the run and in that of the scheduler: please report it.",
        )
        return f"{error.message} ({error.code}). {error.hint}"

    def _note(self, stumble: StumbleError) -> None:
        run = stumble.blamed
        self._counts[run] += 1
        self.open[run] = self._counts[run]
        self._last[run] = self._tell(stumble)

    def _tell(self, stumble: StumbleError) -> tuple[str, str]:
        cause = stumble.__cause__ or stumble
        trace = "".join(traceback.format_exception(cause))
        count = self._counts[stumble.blamed]
        self._notice(f"the scheduler stumbled over run {stumble.blamed}, {count} of {MOST} times: {trace}")
        return headline(type(cause).__name__, str(cause)), trace


class Net:
    """What `Stumbles.of` gives: a class, for each block comes by here a dozen times, and a generator costs thrice that.

    Args:
        stumbles: told of a mistake inside.
        run: who is blamed for it.
    """

    __slots__ = ("_run", "_stumbles")

    def __init__(self, stumbles: Stumbles, run: str) -> None:
        self._stumbles = stumbles
        self._run = run

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or (stumble := stumble_of(error, self._run)) is None:
            return False
        self._stumbles.over(stumble)
        return True


def put_right(
    connection: sa.Connection,
    state: State,
    name: str,
    run: DrivenRun | None,
    *,
    count: int,
    reason: str,
    recovered: Callable[[sa.Connection, str], None],
    now: float,
) -> RunRow | None:
    """Put back a run over which this process has stumbled, or stop it; the run as it is then when it was stopped.

    Args:
        connection: of a transaction that writes.
        state: the store.
        name: the run.
        run: the same as it was let go of; None when this process does not drive it.
        count: how often it was. After the last of these what else follows from its end is left out, because that may
            be what makes us stumble.
        reason: why it is stopped, in words.
        recovered: frees what its blocks hold.
        now: seconds since the epoch.
    """
    if count < MOST:
        text = "the scheduler made a mistake while it worked on it, and takes it up again"
        waiting = {"kind": STUMBLED, "text": text, "since": now}
        if run is not None and run.hand_over(connection, state, waiting, due_at=now + REST):
            recovered(connection, name)
        return None
    values = {"state": "failed", "ended_at": now, "error": reason, "waiting": None}
    if run is None:
        stopped = state.runs.change_waiting(connection, name, **values)
    else:
        stopped = state.runs.release(connection, name, run.token, **values)
    row = state.runs.get(connection, name) if stopped else None
    if row is not None:
        state.holds.release(connection, name)
        if count <= MOST + 1:
            close_blocks(connection, state, name, now)
            rearm(connection, state, row, now)
            retire(connection, state, row)
    return row
