# ruff: noqa: SLF001 - mistakes are made inside
"""Known mistakes, put into the scheduler one at a time: a simulation that does not find them proves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from unittest.mock import patch

from penstock.engine import loop
from penstock.engine.streaming import part_came
from penstock.model import run as machine
from penstock.model import withdrawal
from penstock.model.run import Dispatch
from penstock.schedule import beginnings, children, ends, requests, tick
from penstock.schedule.backfill import Backfills
from penstock.schedule.children import Children
from penstock.schedule.claim import Claims
from penstock.schedule.core import Core
from penstock.schedule.drive import DrivenRun
from penstock.schedule.ends import Ends
from penstock.schedule.failpoints import reach
from penstock.schedule.limits import Limits, Load
from penstock.schedule.tick import Ticker
from penstock.state.holds import Holds
from penstock.state.runs import Runs
from tools.simulation import play as playing
from tools.simulation.play import Play
from tools.simulation.store import FaultyState
from tools.simulation.world import BrokenPromiseError

PATIENCE = 200.0
"""Seconds for which a play with a mistake in it is waited for."""

_claim, _renew_rows, _renew, _write = Runs.claim, Runs.renew, Claims.renew, DrivenRun.write
_run_of = tick._run_of
_take_back = withdrawal._take_back


def _unfenced(self: Runs, connection: Any, name: str, token: int, **values: Any) -> bool:
    del token
    return self.change(connection, name, **values)


def _endless(self: Runs, connection: Any, name: str, owner: str, *, now: float, until: float, over: Any = None) -> Any:
    return _claim(self, connection, name, owner, now=now, until=until + 1e9, over=over)


def _forever(self: Runs, connection: Any, owner: str, until: float) -> dict[str, int]:
    return _renew_rows(self, connection, owner, until + 1e9)


def _all_driven(self: Claims, now: float, driven: Any) -> Any:
    class Everything:
        def __contains__(self, name: object) -> bool:
            return True

    del driven
    return _renew(self, now, Everything())


def _fire_then_make(self: Ticker, now: float) -> Any:
    made: list[Any] = []

    def keep(connection: Any, rows: Any) -> set[str]:
        del connection
        made[:] = rows
        return {row.id for row in rows}

    with patch.object(self._state.runs, "insert_many", keep):
        done = self._state.transact(lambda connection: self._fire(connection, now))
    reach("tick.after_commit")
    self._state.transact(lambda connection: self._state.runs.insert_many(connection, made))
    return done


def _make_then_fire(self: Ticker, now: float) -> Any:
    moved: list[Any] = []
    with patch.object(self._state.triggers, "fired", lambda _, rows: moved.extend(rows)):
        done = self._state.transact(lambda connection: self._fire(connection, now))
    reach("tick.after_commit")
    self._state.transact(lambda connection: self._state.triggers.fired(connection, moved))
    return done


_numbers = count()


def _any_ordinal(*given: Any, **more: Any) -> Any:
    return replace(_run_of(*given, **more), ordinal=next(_numbers))


def _forgetful(self: DrivenRun, connection: Any, state: Any) -> bool:
    done = _write(self, connection, state)
    if not self.ends:
        self._dirty.clear()
        self._changes.clear()
    return done


def _nothing(*given: Any, **more: Any) -> None:
    del given, more


def _none(*given: Any, **more: Any) -> list[Any]:
    del given, more
    return []


def _impatient(self: Children) -> float | None:
    return min((wait.deadline for wait in self._waits if wait.deadline is not None), default=None)


def _again(step: Any, parent: str, wait: float) -> None:
    step.do(Dispatch(parent, wait))


def _hasty(step: Any, key: str, parent: str) -> set[str]:
    _take_back(step, key, parent)
    return set()


def _any_part(key: str, current: Any, event: Any) -> Any:
    return part_came(key, current, replace(event, number=current.parts))


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in words, and what it replaces: (where, name) -> with what.

    `rare`: it takes many seeds to find it; `families`: it concerns runs that blocks ask for; `streams`: those of which
    blocks yield.
    """

    what: str
    changes: Mapping[tuple[Any, str], Any]
    rare: bool = False
    families: bool = False
    streams: bool = False


MISTAKES = (
    Mistake(
        "a write does not ask whether the lease is still its own",
        {(Runs, "write"): _unfenced, (Runs, "fence"): lambda *_: True},
        rare=True,
    ),
    Mistake(
        "a lease never expires",
        {(Runs, "claim"): _endless, (Runs, "renew"): _forever, (Runs, "shorten_leases"): _nothing},
    ),
    Mistake("a lease that nobody knows of is kept", {(Claims, "renew"): _all_driven}, rare=True),
    Mistake("what others have left is not taken up", {(Claims, "lost"): _none}),
    Mistake("what is done is not kept when a run is taken up", {(beginnings, "entries"): lambda *_, **__: {}}),
    Mistake("a trigger moves on before its runs are made", {(Ticker, "fire"): _fire_then_make}, rare=True),
    Mistake(
        "a trigger moves on after its runs are made, and a slot is no unique key",
        {(Ticker, "fire"): _make_then_fire, (tick, "_run_of"): _any_ordinal},
        rare=True,
    ),
    Mistake("a trigger that cannot be read stops the others", {(tick, "ODD"): ()}),
    Mistake("a pipeline that cannot be read stops the others", {(beginnings, "ODD"): ()}),
    Mistake("a wake-up is lost", {(Core, "hear"): _nothing}),
    Mistake(
        "what was to be written is forgotten before it is committed", {(DrivenRun, "write"): _forgetful}, rare=True
    ),
    Mistake("a run is not cancelled", {(Core, "_cancel"): _nothing}, rare=True),
    Mistake("a run has no timeout", {(Core, "_time_out"): _nothing}),
    Mistake(
        "a trigger that is always on is not started again", {(ends, "rearm"): _nothing, (requests, "rearm"): _nothing}
    ),
    Mistake("a run that follows another one is not made", {(Ends, "_dependents"): _none}),
    Mistake("the limit of a pipeline is not kept", {(Limits, "_load"): lambda *_: Load(idle=Load())}),
    Mistake(
        "what a lost run has held stays taken",
        {(Limits, "recovered"): _nothing, (Holds, "release"): lambda *_, **__: 0},
    ),
    Mistake("a backfill makes no more runs when one has ended", {(Backfills, "ended"): _none}),
    Mistake(
        "a block that is repeated asks once more for what is under way",
        {(children, "belongs"): lambda *_: False},
        families=True,
    ),
    Mistake("nobody hears of the end of a run that a block waits for", {(Children, "heard"): _nothing}, families=True),
    Mistake(
        "who waited as long as it wanted, and waits for a resource now, is served all the time",
        {(Children, "due"): _impatient},
        families=True,
    ),
    Mistake("children of what was yielded in vain are kept", {(machine, "withdraw"): _again}, streams=True),
    Mistake(
        "a block is tried again while processes of such children are still ended",
        {(withdrawal, "_take_back"): _hasty},
        streams=True,
    ),
    Mistake(
        "children of what was yielded in vain are kept when a run is taken up",
        {(machine, "leave_behind"): _nothing},
        rare=True,
        streams=True,
    ),
    Mistake("a part is taken whatever its number says", {(loop, "part_came"): _any_part}, streams=True),
)


def look_for(mistake: Mistake, state: FaultyState, seeds: Iterable[int], enough: int = 10**9) -> dict[int, str]:
    """The seeds that find a mistake, and what they find; no more than `enough` of them."""
    found: dict[int, str] = {}
    with ExitStack() as stack:
        stack.enter_context(patch.object(playing, "PATIENCE", PATIENCE))
        for (where, name), change in mistake.changes.items():
            stack.enter_context(patch.object(where, name, change))
        for seed in seeds:
            try:
                Play(state, seed, families=mistake.families, streams=mistake.streams).run()
            except (Exception, BrokenPromiseError) as error:  # noqa: BLE001 - what a mistake may end in
                found[seed] = re.sub(r"\S*\d\S*", "..", str(error) or type(error).__name__)[:70]
                if len(found) >= enough:
                    break
    return found
