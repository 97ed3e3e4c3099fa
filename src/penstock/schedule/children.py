"""Runs that blocks ask for: made in the store, waited for, and told to the block when they have ended.

A worker asks over its channel, who drives it puts the request here, and `step` carries out in one transaction what was
asked since the last one. Nobody polls: the end of a run is heard of, and `due` says when somebody has waited too long.

A block that is repeated goes on with the runs that its last attempt has asked for, when that was killed; the rule is in
`family.belongs`. It is found by what is asked for: the first wish of an attempt for a pipeline with these variables is
the first wish of the next attempt for the same.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.engine.plan import RunOptions
from penstock.model.errors import PenstockError, RunNotFoundError
from penstock.model.expand import base_of
from penstock.model.messages import Answer
from penstock.project import Project
from penstock.schedule.awaiting import Outcome, Wait, waiting_of
from penstock.schedule.blame import StumbleError, blaming
from penstock.schedule.claim import Admission
from penstock.schedule.failpoints import reach
from penstock.schedule.family import ASKED, asked_of, belongs, change_asked, is_awaited
from penstock.schedule.requests import NewRun, insert_run
from penstock.schedule.wishes import (
    DEEPEST,
    KILLED,
    Request,
    Wish,
    ended_answer,
    gone_answer,
    late_answer,
    mistake_answer,
    refuse_circle,
    told,
    words_of_answer,
)
from penstock.state.rows import RunRow, TriggerRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_AHEAD = 0.001


@dataclass(slots=True)
class _Made:
    """What became of a request: the run, whether it was there before, or why there is none."""

    request: Request
    key: str = ""
    row: RunRow | None = None
    joined: bool = False
    answer: Answer | None = None
    wait: Wait | None = None


class Children:
    """The runs that blocks have asked for, as one driver of blocks sees them.

    `put`, `heard` and `ended` may be called in any thread, `step` in one at a time.

    Args:
        state: the store.
        project: gives the project as it is now.
        clock: seconds since the epoch.
        monotonic: seconds that only grow.
        admission: what blocks hold that wait; None where they hold nothing.
    """

    def __init__(
        self,
        state: State,
        project: Callable[[], Project],
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        admission: Admission | None = None,
    ) -> None:
        self._state = state
        self._project = project
        self._clock = clock
        self._monotonic = monotonic
        self._admission = admission
        self._inbox: deque[Request | str] = deque()
        self._news: deque[str] = deque()
        self._new: list[tuple[Request, int]] = []
        self._counts: dict[tuple[str, str, int], Counter[str]] = {}
        self._known: dict[str, dict[str, str]] = {}
        self._waits: list[Wait] = []
        self._look: set[str] = set()
        self._out = Outcome()  # of a step that did not come to its end, too: what it has done is not done again

    def put(self, request: Request) -> None:
        """Something was asked for."""
        self._inbox.append(request)

    def heard(self, run: str = "") -> None:
        """Something has happened to that run; to any, when it is not said to which."""
        self._news.append(run)

    def ended(self, run: str) -> None:
        """A run has ended, or is driven elsewhere, whose blocks may have asked."""
        self._inbox.append(run)  # among the requests: it may be taken up again, and what it asks then is not meant

    @property
    def idle(self) -> bool:
        """Whether nobody asks and nobody waits: what is heard then is of no use, for a wait that begins looks first."""
        return not (self._inbox or self._new or self._waits)

    @property
    def waiting(self) -> set[str]:
        """The runs whose blocks wait for others."""
        return {wait.request.run for wait in self._waits}

    def due(self) -> float | None:
        """When `step` is to be called even if nothing happens, on the monotonic clock; None is never.

        Who has its answer, and waits only to hold again what its block needs, goes on when something is given back.
        """
        ends = (wait.deadline for wait in self._waits if wait.answer is None)
        return min((end for end in ends if end is not None), default=None)

    def step(self) -> Outcome:
        """Do what was asked for, and find out what has ended.

        Raises:
            StateUnavailableError: the store is away; nothing is forgotten, and `step` is to be called again.
        """
        out = self._out
        self._take()
        if self._new:
            self._carry_out(out)
        self._leave_over(out)
        if self._waits:
            self._find_ends()
            self._answer(out)
        else:
            self._look.clear()  # a wait that begins looks at its own run first
        self._out = Outcome()
        return out

    def _take(self) -> None:
        gone: set[str] = set()
        while self._inbox:
            request = self._inbox.popleft()
            if isinstance(request, str):
                gone.add(request)
                continue
            if request.run in gone:
                self._forget(gone)
                gone = set()
            number = 0
            if request.wish is not None:
                counts = self._counts.setdefault((request.run, request.block, request.attempt), Counter())
                same = request.wish.key(request.block, 0)
                number = counts[same]
                counts[same] += 1
            self._new.append((request, number))
        self._forget(gone)
        while self._news:
            self._look.add(self._news.popleft())

    def _forget(self, gone: set[str]) -> None:
        """Drop what those runs have asked for, which nobody here drives any more."""
        if gone:
            for name in gone:
                self._known.pop(name, None)
            self._counts = {key: value for key, value in self._counts.items() if key[0] not in gone}
            self._new = [(request, number) for request, number in self._new if request.run not in gone]
            self._waits = [wait for wait in self._waits if wait.request.run not in gone]

    def _carry_out(self, out: Outcome) -> None:
        now = self._clock()
        known = {name: dict(keys) for name, keys in self._known.items()}
        waits: list[RunRow] = []

        def work(connection: sa.Connection) -> list[_Made]:
            known.clear()
            known.update({name: dict(keys) for name, keys in self._known.items()})
            made = []
            for place, (request, number) in enumerate(self._new):
                with blaming(str(place)):
                    made.append(self._one(connection, request, number, known, now))
            begun = [each for each in made if each is not None]
            new = [each.wait for each in begun if each.wait is not None]
            waits[:] = self._write_waits(connection, [wait for wait in new if wait.open], [*self._waits, *new])
            reach("children.before_commit")
            return begun

        try:
            made = self._state.transact(work)
        except StumbleError as stumble:
            odd, _ = self._new.pop(int(stumble.blamed))
            out.acts.append(odd.answering(mistake_answer(odd.ask, stumble)))
            self._carry_out(out)
            return
        except BaseException:
            # It may have been done, with nobody to confirm it: what was made is found again in the store.
            for request, _ in self._new:
                self._known.pop(request.run, None)
            raise
        reach("children.after_commit")
        self._new.clear()
        self._known = known
        out.waits += waits
        for each in made:
            self._begun(each, out)

    def _one(
        self, connection: sa.Connection, request: Request, number: int, known: dict[str, dict[str, str]], now: float
    ) -> _Made | None:
        if request.token is not None and not self._state.runs.fence(connection, request.run, request.token):
            return None  # its run is driven elsewhere: it will ask there
        try:
            if request.wish is None:
                return _Made(request, answer=Answer(request.ask, value=self._stands(connection, request.about)))
            made = self._joined_or_new(connection, request, number, known, now)
        except PenstockError as error:
            return _Made(request, answer=Answer(request.ask, error=error.message, hint=error.hint, code=error.code))
        if made.row is not None and request.wish.waits:
            made.wait = self._begin_wait(connection, request, made.row, now)
        return made

    def _stands(self, connection: sa.Connection, name: str) -> dict[str, Any]:
        row = self._state.runs.get(connection, name)
        if row is None:
            raise RunNotFoundError(
                f"reading the run {name[:100]}: there is none of that name", hint="It may have been deleted."
            )
        return told(row, self._state.block_runs.of_run(connection, name))

    def _joined_or_new(
        self, connection: sa.Connection, request: Request, number: int, known: dict[str, dict[str, str]], now: float
    ) -> _Made:
        wish = request.wish
        assert wish is not None
        key = wish.key(request.block, number)
        if (row := self._of_last_attempt(connection, request, key, known)) is not None:
            waits = wish.waits or is_awaited(row)
            change_asked(connection, self._state, row, waits=waits, unheard=False, after=request.after)
            return _Made(request, key, row, joined=True)
        self._project().pipeline(wish.pipeline)
        if wish.product is not None:
            self._state.holds.lock(connection)  # several that ask at once get one run
            if (row := self._fresh(connection, wish, now)) is not None:
                return _Made(request, key, row, joined=True)
        if wish.waits:
            refuse_circle(wish.pipeline, self._way(connection, request))
        if wish.product is not None and (row := self._under_way(connection, wish)) is not None:
            return _Made(request, key, row, joined=True)
        row = insert_run(connection, self._state, self._new_run(connection, request, key, now), now)
        assert row is not None
        if request.run:
            known[request.run][key] = row.id
        return _Made(request, key, row)

    def _of_last_attempt(
        self, connection: sa.Connection, request: Request, key: str, known: dict[str, dict[str, str]]
    ) -> RunRow | None:
        """The run that this wish has made before, when the block goes on with it."""
        if not request.run:
            return None
        if request.run not in known:
            children = self._state.runs.children(connection, request.run)
            said = [(row.id, asked_of(row)) for row in children]
            known[request.run] = {str(asked.get("key")): name for name, asked in said if not asked.get("closed")}
        name = known[request.run].get(key)
        row = self._state.runs.get(connection, name) if name is not None else None
        if row is None or belongs(row, request.failed, KILLED):
            return row
        # A later run of this wish must not be told from it by the clock, which somebody may have set back.
        change_asked(connection, self._state, row, closed=True)
        del known[request.run][key]
        return None

    def _fresh(self, connection: sa.Connection, wish: Wish, now: float) -> RunRow | None:
        """The newest completed run of a data product's pipeline, when that is new enough."""
        assert wish.product is not None
        row = self._state.runs.newest_completed(connection, wish.pipeline)
        last = None if row is None else datetime.fromtimestamp(row.ended_at or row.created_at, UTC)
        outdated = wish.product.outdated(last, datetime.fromtimestamp(now, UTC))
        return None if outdated else row

    def _under_way(self, connection: sa.Connection, wish: Wish) -> RunRow | None:
        """The run that is to renew a data product, when somebody has asked for it."""
        assert wish.product is not None
        for row in self._state.runs.open(connection, pipeline=wish.pipeline):
            if asked_of(row).get("product") == wish.product.uuid and not row.cancel_requested:
                return row
        return None

    def _way(self, connection: sa.Connection, request: Request) -> list[str]:
        """The pipelines of the runs that would wait, the nearest first."""
        way = [request.pipeline]
        row = self._state.runs.get(connection, request.run) if request.run else None
        while row is not None and row.parent_run is not None and is_awaited(row) and len(way) <= DEEPEST:
            row = self._state.runs.get(connection, row.parent_run)
            if row is not None:
                way.append(row.pipeline)
        return way

    def _new_run(self, connection: sa.Connection, request: Request, key: str, now: float) -> NewRun:
        wish = request.wish
        assert wish is not None
        said: dict[str, Any] = {"block": request.block, "key": key, "waits": wish.waits, "after": request.after}
        if wish.product is not None:
            said["product"] = wish.product.uuid
        options: dict[str, Any] = {"environment": request.environment, ASKED: said}
        if wish.remote_blocks:
            options["remote_blocks"] = [dict(each) for each in wish.remote_blocks]
        if wish.blocks:
            options["blocks"] = list(wish.blocks)
        if wish.skip_sensors:
            options["skip_sensors"] = True
        trigger = self._trigger(connection, wish, now)
        return NewRun(
            wish.pipeline,
            "block",
            variables=wish.variables,
            trigger=trigger,
            what=RunOptions(blocks=wish.blocks).what(),
            options=options,
            priority=request.priority or None,
            parent_run=request.run or None,
        )

    def _trigger(self, connection: sa.Connection, wish: Wish, now: float) -> TriggerRow | None:
        """The trigger that the run counts for. One that no file declares has a name and nothing else."""
        if not wish.trigger:
            return None
        row = self._state.triggers.named(connection, wish.pipeline, wish.trigger)
        if row is not None:
            return row
        definition = {"kind": "api", "pipeline": wish.pipeline, "name": wish.trigger}
        new = TriggerRow(
            wish.pipeline, wish.trigger, definition, created_at=now, updated_at=now, removed_at=now, last_enabled_at=now
        )
        number = self._state.triggers.add(connection, new)
        return self._state.triggers.get(connection, number)

    def _begin_wait(self, connection: sa.Connection, request: Request, row: RunRow, now: float) -> Wait:
        """Begin to wait for a run, and give back what the block holds."""
        if request.run and row.open and self._holds(request):
            assert self._admission is not None
            self._admission.released(connection, request.run, request.block)
        timeout = request.wish.timeout if request.wish is not None else None
        deadline = self._monotonic() + timeout + _AHEAD if timeout is not None else None
        return Wait(request, row.id, row.pipeline, now, deadline, row.open)

    def _write_waits(self, connection: sa.Connection, changed: list[Wait], waits: list[Wait]) -> list[RunRow]:
        """Write down for the runs of those that have changed what their blocks wait for, and give these runs."""
        rows = []
        for name, request in {wait.request.run: wait.request for wait in changed if wait.request.run}.items():
            said = waiting_of([wait.awaited for wait in waits if wait.request.run == name])
            self._write(connection, request, said)
            if (row := self._state.runs.get(connection, name)) is not None and row.open:
                rows.append(row)
        return rows

    def _write(self, connection: sa.Connection, request: Request, waiting: dict[str, Any] | None) -> None:
        if request.token is not None:
            self._state.runs.write(connection, request.run, request.token, waiting=waiting)
        elif request.run:
            self._state.runs.change_open(connection, request.run, waiting=waiting)

    def _holds(self, request: Request) -> bool:
        """Whether the block had to ask for something before it began."""
        if self._admission is None or request.plan is None or request.token is None:
            return False
        return self._admission.asks(request.plan, base_of(request.block))

    def _begun(self, made: _Made, out: Outcome) -> None:
        request, row, wish = made.request, made.row, made.request.wish
        if row is not None and not made.joined:
            out.made.append(row)
        if row is None or wish is None:
            assert made.answer is not None
            out.acts.append(request.answering(made.answer))
            return
        if wish.verbose and (not made.joined or row.open):
            went = "goes on with the run" if made.joined else "has asked for the run"
            how = ", and waits for its end" if wish.waits else ""
            out.acts.append(request.saying(f"{went} {row.id} of pipeline {row.pipeline}{how}"))
        if not wish.waits:
            out.acts.append(request.answering(Answer(request.ask, value=told(row))))
            return
        assert made.wait is not None
        self._waits.append(made.wait)
        self._look.add(row.id)
        out.freed = out.freed or self._holds(request)

    def _find_ends(self) -> None:
        """Find those that wait for what has ended, or have waited as long as they wanted to."""
        names = {wait.run for wait in self._waits if wait.answer is None}
        look, self._look = self._look, set()
        wanted = names if "" in look else names & look
        at = self._monotonic()
        late = {wait.run for wait in self._waits if wait.deadline is not None and wait.deadline <= at}
        if not wanted and not late:
            return
        try:
            with self._state.read() as connection:
                rows = self._state.runs.many(connection, wanted | late)
                ended = [name for name, row in rows.items() if not row.open]
                blocks = {name: self._state.block_runs.of_run(connection, name) for name in ended}
        except BaseException:
            self._look |= look  # to be asked again
            raise
        for wait in self._waits:
            wish, ask = wait.request.wish, wait.request.ask
            if wait.answer is not None or wish is None or wait.run not in wanted | late:
                continue
            row = rows.get(wait.run)
            if row is None:
                wait.answer = gone_answer(ask, wish, wait.run)
            elif not row.open:
                wait.answer = ended_answer(ask, wish, told(row, blocks[wait.run]))
            elif wait.deadline is not None and wait.deadline <= at:
                wait.answer, wait.late = late_answer(ask, wish, told(row)), True

    def _answer(self, out: Outcome) -> None:
        """Answer those that can go on: their runs wait no more, and their blocks hold again what they have to."""
        ready = [wait for wait in self._waits if wait.answer is not None]
        if not ready:
            return
        now = self._clock()
        waits: list[RunRow] = []

        def work(connection: sa.Connection) -> list[Wait]:
            rest = list(self._waits)
            for wait in ready:
                if self._take_back(connection, wait, rest, now):
                    rest.remove(wait)
            given = [wait for wait in ready if wait not in rest]
            for wait in given:
                self._wait_ends(connection, wait, rest)
            waits[:] = self._write_waits(connection, given, rest)
            reach("answer.before_commit")
            return given

        given = self._state.transact(work)
        reach("answer.after_commit")
        out.waits += waits
        self._waits = [wait for wait in self._waits if wait not in given]
        for wait in given:
            assert wait.answer is not None
            wish = wait.request.wish
            if wish is not None and wish.verbose:
                out.acts.append(wait.request.saying(words_of_answer(wait.run, wait.answer)))
            out.acts.append(wait.request.answering(wait.answer))

    def _wait_ends(self, connection: sa.Connection, wait: Wait, rest: list[Wait]) -> None:
        """Write down that nobody waits for a run any more, unless one of the rest."""
        if wait.late and all(other.run != wait.run for other in rest):
            row = self._state.runs.get(connection, wait.run)
            if row is not None and row.parent_run is not None:
                change_asked(connection, self._state, row, waits=False, unheard=True)

    def _take_back(self, connection: sa.Connection, wait: Wait, waits: list[Wait], now: float) -> bool:
        """Whether the block may go on: what it gave back while it waited is its own again.

        It takes it back for the last of those that it waits for, when it asks from several threads.
        """
        request = wait.request
        if not self._holds(request) or sum(other.request.same_block(request) for other in waits) > 1:
            return True
        assert self._admission is not None
        row = self._state.runs.get(connection, request.run)
        if row is None or not row.open or row.lease_token != request.token:
            return True  # it has ended or is driven elsewhere, and nothing must be held in its name
        return self._admission.gate(connection, row, request.block, now)

    def _leave_over(self, out: Outcome) -> None:
        """Drop what no block waits for any more, and write anew what else these runs wait for."""
        over = [wait for wait in self._waits if wait.request.over()]
        rest = [wait for wait in self._waits if wait not in over]

        def work(connection: sa.Connection) -> list[RunRow]:
            return self._write_waits(connection, over, rest)

        if any(wait.request.run for wait in over):
            out.waits += self._state.transact(work)
        self._waits = rest
