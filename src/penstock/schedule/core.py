"""The scheduler, one turn at a time: what is due becomes runs, runs are claimed, driven, and written through.

A turn commits everything that has happened before it starts anything that follows from it. It owns no thread and no
clock of its own, so that a simulation can turn it; `service` gives it both.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from penstock.engine.handle import Asking
from penstock.model.errors import STATE_TROUBLE, PenstockError
from penstock.model.run import RunState
from penstock.observe.metrics import METRICS
from penstock.project import Project
from penstock.schedule.asking import request_of
from penstock.schedule.beginnings import Beginnings
from penstock.schedule.bench import Bench
from penstock.schedule.blame import blaming
from penstock.schedule.children import Children
from penstock.schedule.claim import AT_ONCE, RENEW, Admission, Claims, Everything
from penstock.schedule.drive import STOPPED, DrivenRun
from penstock.schedule.ends import Alerts, Ends, NoAlerts
from penstock.schedule.failpoints import reach
from penstock.schedule.hearers import Backfills, Hearers
from penstock.schedule.recover import is_dead
from penstock.schedule.requests import cancel_left_alone
from penstock.schedule.stumbles import MOST, Stumbles, put_right
from penstock.schedule.tick import Ticker
from penstock.schedule.turns import Heard, Written
from penstock.state.rows import RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

SWEEP = 60.0
"""Seconds after which everything is looked at even when nothing was heard: a lost message, a clock that was set."""
_PAUSES = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds between two attempts while the database is away."""
_AGAIN = 1.0
"""Seconds after which something is looked at again that is due and could not be dealt with."""
_JUMP = 2.0
"""Seconds by which the clock differs from the time that has passed, when somebody has set it."""


class Core:
    """A scheduler without a thread.

    Args:
        state: the store.
        bench: runs blocks; its own, nobody else turns its loop.
        owner: its name, unique among all schedulers there ever were.
        clock: seconds since the epoch.
        monotonic: seconds that only grow.
        admission: which runs may begin.
        alerts: who is told of failures.
        backfills: makes the runs of backfills.
        hearers: who is told of everything.
        dead: whether a process that drove a run is surely dead.
        project: gives the project as it is now; None where no block asks for runs.
    """

    def __init__(
        self,
        state: State,
        bench: Bench,
        owner: str,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        admission: Admission | None = None,
        alerts: Alerts | None = None,
        backfills: Backfills | None = None,
        hearers: Hearers | None = None,
        dead: Callable[[Mapping[str, Any] | None], bool] = is_dead,
        project: Callable[[], Project] | None = None,
    ) -> None:
        self._state = state
        self._bench = bench
        self._project = project
        self._clock = clock
        self._monotonic = monotonic
        self._admission = admission or Everything(state)
        self._alerts = alerts or NoAlerts()
        self._backfills = backfills
        self._hearers = hearers or Hearers()
        self._claims = Claims(state, owner, self._admission, dead)
        self._ends = Ends(state, self._alerts, self._admission.ended)
        self._ticker = Ticker(state, self._alerts)
        self._stumbles = Stumbles(self._let_go, self._hearers.notice)
        self._children: Children | None = None
        if project is not None:
            self._children = Children(state, project, clock=clock, monotonic=monotonic, admission=self._admission)
        self._heard = Heard()
        self._agenda: float | None = None
        self._stale = True
        self._sweep_at = self._renew_at = self._retry_at = 0.0
        self._failures = 0
        self._offset = clock() - monotonic()
        self.runs: dict[str, DrivenRun] = {}
        changed = self._hearers.changed
        self._beginnings = Beginnings(state, bench, self._admission, changed, self._stumbles, self.runs, clock)
        self.failure = ""
        self.pid = int(self._claims.process["pid"])

    def hear(self, topic: str, text: str) -> None:
        """Something was asked, or has changed: look at it in the next turn. In the scheduler's thread."""
        self._heard.any = True
        if topic == "triggers":
            self._ends.triggers_changed()
        elif topic == "runs" and text:
            self._heard.runs.add(text)
        else:
            self._heard.everything = True
            self._ends.triggers_changed()
        if self._children is not None and topic != "triggers":
            self._children.heard(text if topic == "runs" else "")

    def asked(self, asking: Asking) -> None:
        """Code of a block asks for a run; it is answered in the next turns. In the scheduler's thread."""
        run = self.runs.get(asking.handle.plan.run)
        if self._children is None or self._project is None or run is None:
            return
        row = replace(run.row, lease_token=run.token)
        if (request := request_of(asking, self._project, self._clock, row)) is not None:
            self._children.put(request)

    def turn(self) -> float | None:
        """Do what is to be done; seconds until the next turn is due even if nothing happens, None for never."""
        now, at = self._clock(), self._monotonic()
        self._follow_clock(now, at)
        if at < self._retry_at:
            return self._retry_at - at
        try:
            self._put_right(now)
            self._sweep(at)
            self._serve()
            self._look(now, at)
            self.flush()
            self._bench.loop.dispatch()
            reach("start.after_launch")
            self.flush()
            if self._stale:
                self._agenda, self._stale = self._next(now), False
        except STATE_TROUBLE as error:
            return self._away(error)
        self._back()
        self._hearers.settled()
        return self._until(at)

    def keep(self) -> None:
        """Renew the leases if it is time, before anything is heard of the blocks.

        Who has stood still for longer than a lease must not record the ends of what another one drives by now.
        """
        now, at = self._clock(), self._monotonic()
        if self.runs and at >= max(self._renew_at, self._retry_at):
            try:
                self._renew(now, at)
            except STATE_TROUBLE as error:
                self._away(error)

    def _serve(self) -> None:
        """Make the runs that blocks have asked for, and tell blocks of the ends that they wait for."""
        if self._children is None:
            return
        done = self._children.step()
        for what, row in done.news:
            self._told(what, row)
        if done.made:
            self._heard.any = True
            self._hearers.others()
        for act in done.acts:
            with self._stumbles.of(""):
                act()
        if done.freed:
            self._bench.loop.release()

    def flush(self) -> None:
        """Commit what has happened to the runs under way. Raises StateUnavailableError: it is kept for later."""
        while changed := [run for name, run in self.runs.items() if name not in self._stumbles.open and run.pending]:
            with self._stumbles.of(""):
                self._commit(changed)
                return

    def _commit(self, changed: list[DrivenRun]) -> None:
        now = self._clock()
        ending = any(run.ends for run in changed)
        freed = ending or any(run.freed() for run in changed)

        def work(connection: sa.Connection) -> Written:
            written = Written()
            for run in changed:
                with blaming(run.row.id):
                    self._write(connection, run, written, now)
            reach("end.before_commit" if ending else "turn.before_commit")
            return written

        written = self._state.transact(work)
        reach("end.after_commit" if ending else "turn.after_commit")
        for run in changed:
            if run not in written.lost:
                run.saved()
        if freed:
            self._bench.loop.release()
        if freed and not ending:
            self._hearers.others()
        self._tell(written)

    def _write(self, connection: sa.Connection, run: DrivenRun, written: Written, now: float) -> None:
        if not run.write(connection, self._state):
            written.lost.append(run)
            return
        for block in run.freed():
            self._admission.released(connection, run.row.id, block)
        if run.ends:
            row = run.finish(connection, self._state)
            written.made += self._ended(connection, row, now)
            written.ended.append(row)
            written.left += cancel_left_alone(connection, self._state, row.id, now)

    def _tell(self, written: Written) -> None:
        for run in written.lost:
            self._abandon(run)
        for row in written.ended:
            self.runs.pop(row.id, None)
            self._pass_on(row.id)
            self._told("ended", row)
        for row in written.left:
            if row.open:  # its driver ends it
                self._heard.runs.add(row.id)
            else:
                self._told("ended", row)
        for row in written.made:
            self._told("created", row)
        if written.ended or written.made:
            self._heard.any = self._stale = True  # there may be room now for what waits
            self._hearers.others()

    def _told(self, what: str, row: RunRow) -> None:
        """Tell of a run; a mistake of who hears it costs that run alone, and nothing any more when it has ended."""
        trace = "" if row.open else self._stumbles.forget(row.id)
        with self._stumbles.of(row.id):
            self._hearers.changed(what, row)
            if trace:
                self._hearers.stopped(row, trace)

    def _ended(self, connection: sa.Connection, row: RunRow, now: float) -> list[RunRow]:
        made = self._ends.ended(connection, row, now)
        if row.backfill_id is not None and self._backfills is not None:
            made += self._backfills.ended(connection, row, now)
        return made

    def hand_over(self) -> None:
        """Stop: put back every run for another process. What cannot be written is found by its expired lease.

        Raises:
            StateUnavailableError: the store is away; nothing is driven any more all the same.
        """
        for name, run in self.runs.items():
            if run.handle is not None:
                with self._stumbles.of(name):
                    self._bench.loop.drop(run.handle)

        def work(connection: sa.Connection, odd: Container[str]) -> None:
            for run in self.runs.values():
                if run.row.id not in odd:  # else its lease expires
                    with blaming(run.row.id):
                        self._hand_one_over(connection, run)
            reach("hand_over.before_commit")

        if self.runs:
            for run in self.runs.values():
                _ = run.pending
            try:
                self._stumbles.without(lambda odd: self._state.transact(lambda connection: work(connection, odd)))
            finally:
                self.runs.clear()  # nothing works for them any more: their leases must not be kept
            reach("hand_over.after_commit")
            self._hearers.others()

    def _hand_one_over(self, connection: sa.Connection, run: DrivenRun) -> None:
        if run.ends and run.write(connection, self._state):
            self._ended(connection, run.finish(connection, self._state), self._clock())
        elif not run.ends and run.hand_over(connection, self._state, STOPPED):
            self._admission.recovered(connection, run.row.id)  # who waits holds nothing

    def _let_go(self, name: str, reason: str) -> None:
        """This process has stumbled over a run: nothing is done for it any more; it ends when there is a reason."""
        if (handle := self._bench.loop.handles.get(name)) is not None:  # be it in the middle of its start
            self._bench.loop.drop(handle)
        if reason and (run := self.runs.get(name)) is not None:
            run.give_up(reason, self._clock())
            self._stumbles.settled(name)  # it is written as any other end, as long as that is possible

    def _put_right(self, now: float) -> None:
        """Put back the runs over which this process has stumbled, or stop them if nothing else is possible."""
        for name, count in list(self._stumbles.open.items()):
            run, ended = self.runs.get(name), None
            with self._stumbles.of(name):
                reason = self._stumbles.reason(name)
                what = partial(put_right, state=self._state, name=name, run=run, count=count, reason=reason, now=now)
                ended = self._state.transact(partial(what, recovered=self._admission.recovered))
            if self._stumbles.open.get(name) == count or count > MOST + 1:  # else it has come again in here
                self._stumbles.settled(name)
                self.runs.pop(name, None)
                self._pass_on(name)
                self._heard.runs.add(name)
                self._heard.any = self._stale = True
                self._hearers.others()
            if ended is not None:
                self._told("ended", ended)

    def _sweep(self, at: float) -> None:
        """Look at everything now and then: a message may have been lost."""
        if at < self._sweep_at:
            return
        self._sweep_at = self._claims.patient_until(at) or at + SWEEP
        self._heard.any = self._heard.everything = True
        if self._children is not None:
            self._children.heard()

    def _look(self, now: float, at: float) -> None:
        """Deal with what was heard, and with what is due."""
        if self._agenda is not None and now >= self._agenda:
            self._heard.any = True
        if self.runs and at >= self._renew_at:
            self._renew(now, at)
        self._time_out(at)
        if not self._heard.any:
            return
        heard, self._heard = self._heard, Heard(any=False, everything=False)
        try:
            self._look_at(heard, now, at)
        except STATE_TROUBLE:
            self._heard = Heard()  # look at everything when it is back
            raise

    def _look_at(self, heard: Heard, now: float, at: float) -> None:
        self._stale = True
        if self.runs:
            self._cancel(set(self.runs) if heard.everything else heard.runs & set(self.runs))
        self._find_due(heard, now)
        while self._backfills is not None and self._backfills.step(now):
            pass
        # This process may have stood still since the turn began: leases are counted from the moment that it is.
        now, at = self._clock(), self._monotonic()
        if not self.runs:
            self._renew_at = at + RENEW
        if heard.everything or (self._agenda is not None and now >= self._agenda):
            taken_over = self._claims.lost(now, at, self.runs.keys() | self._stumbles.open.keys())
            self._beginnings.begin(taken_over, now, at)
            if taken_over:
                self._hearers.others()  # what their blocks had taken is free
            self._bench.loop.release()  # another process may have given back what blocks wait for
        idle = len(self._children.waiting & self.runs.keys()) if self._children is not None else 0
        with self._stumbles.of(""):
            self._beginnings.begin(self._claims.waiting(now, AT_ONCE - len(self.runs), idle), now, at)

    def _find_due(self, heard: Heard, now: float) -> None:
        """Deal with the triggers that are due and the runs that are late; tell backfills what was heard."""
        with self._state.read() as connection:
            due = self._state.triggers.next_due(connection)
            late = self._state.runs.next_sla(connection)
            if self._backfills is not None:
                self._backfills.look(connection, None if heard.everything else heard.runs - self.runs.keys())
        if due is not None and due <= now:
            self._tick(now)
            late = now  # a run that has just been made may be
        if late is not None and late <= now:
            self._late(now)

    def _tick(self, now: float) -> None:
        more = True
        while more:
            begun = self._monotonic()
            done = self._ticker.fire(now)
            more = done.more
            METRICS.time("penstock_tick_seconds", self._monotonic() - begun)
            for row in (*done.made, *done.skipped):
                self._told("created", row)
            if done.broken:
                self._hearers.triggers(done.broken)

    def _late(self, now: float) -> None:
        """Say of runs that they have not ended when they should have."""
        for row in self._stumbles.without(self._ends.late(now)):
            if (run := self.runs.get(row.id)) is not None:
                run.late()
            self._told("late", row)

    def _cancel(self, names: set[str]) -> None:
        """Cancel those of these runs that somebody wants to end."""
        if not names:
            return
        with self._state.read() as connection:
            rows = self._state.runs.many(connection, names)
        for name in names:
            run, row = self.runs[name], rows.get(name)
            if row is None or row.lease_token != run.token:
                self._abandon(run)
            elif row.cancel_requested and not run.row.cancel_requested:
                run.cancel_asked()
                with self._stumbles.of(name):
                    if run.steered is not None:
                        self._bench.loop.cancel(run.steered)

    def _renew(self, now: float, at: float) -> None:
        held = self._claims.renew(now, self.runs)
        self._renew_at = at + RENEW
        for name, run in list(self.runs.items()):
            if held.get(name) != run.token:
                self._abandon(run)
        self._cancel(set(self.runs))  # in case nobody could say so

    def _time_out(self, at: float) -> None:
        for run in self.runs.values():
            if run.deadline is None or at < run.deadline or run.steered is None:
                continue
            run.deadline = None
            asked = str(run.row.settings.get("timeout_status") or "failed")
            state = RunState.CANCELLED if asked == "cancelled" else RunState.FAILED
            limit = run.row.settings.get("timeout")
            with self._stumbles.of(run.row.id):
                self._bench.loop.time_out(run.steered, state, f"the run took longer than its timeout of {limit:g} s")

    def _abandon(self, run: DrivenRun) -> None:
        """Another process drives it now, or it is gone: end what this one does for it, and write nothing."""
        self.runs.pop(run.row.id, None)
        with self._stumbles.of(run.row.id):
            if run.handle is not None:
                self._bench.loop.drop(run.handle)
        self._pass_on(run.row.id)
        self._hearers.notice(f"run {run.row.id}: its lease was lost, another scheduler drives it or it was deleted")
        self._told("lost", run.row)

    def _pass_on(self, name: str) -> None:
        """A run is not driven any more: who waits for it hears that, and it waits for nothing itself."""
        if self._children is not None:
            self._children.heard(name)
            self._children.ended(name)

    def _next(self, now: float) -> float | None:
        """The next moment at which something is due in the store; None when there is none."""
        with self._state.read() as connection:
            moments = [
                self._state.triggers.next_due(connection),
                self._state.runs.next_due(connection, now),
                self._state.runs.next_sla(connection),
                self._state.runs.next_foreign_expiry(connection, self._claims.owner),
                self._admission.again_at,
            ]
        # What is past has been looked at just now, and could not be dealt with: it must not keep us awake.
        return min((each if each > now else now + _AGAIN for each in moments if each is not None), default=None)

    def _until(self, at: float) -> float:
        """Seconds until the next turn is due."""
        due = self._sweep_at - at
        if (queued := self._bench.loop.until_due()) is not None:
            due = min(due, queued)
        if self._heard.any or self._stumbles.open:
            return 0.0
        if self._agenda is not None:
            due = min(due, self._agenda - self._clock())
        if self._children is not None and (late := self._children.due()) is not None:
            due = min(due, late - at)
        if self.runs:
            due = min(due, self._renew_at - at)
        return max(0.0, min([due, *(run.deadline - at for run in self.runs.values() if run.deadline is not None)]))

    def _follow_clock(self, now: float, at: float) -> None:
        """Look at everything when somebody has set the clock, and renew the leases by it."""
        offset = now - at
        if abs(offset - self._offset) > _JUMP:
            self._heard.any = self._heard.everything = True
            self._renew_at = 0.0
            self._sweep_at = min(self._sweep_at, self._claims.leave_time(at))  # their leases seem late
        self._offset = offset

    def _away(self, error: PenstockError) -> float:
        """The database is away, or damaged: wait a little longer each time. Workers go on; nothing is begun."""
        pause = _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self.failure = error.message
        if not self._failures:
            self._hearers.notice(f"the scheduler waits: {error.message}")
        self._failures += 1
        self._retry_at = self._monotonic() + pause
        self._sweep_at = min(self._sweep_at, self._claims.leave_time(self._retry_at))
        self._stale = True
        return pause

    def _back(self) -> None:
        if self._failures:
            self._failures, self.failure = 0, ""
            self._hearers.notice("the scheduler goes on: the state store answers again")
