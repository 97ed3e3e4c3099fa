# ruff: noqa: PLC0415, PLR2004 - nothing of a store before the clock is set; chances
"""Kills real schedulers and those who ask them, and checks what must hold: `python -m tools.chaos --kills 1000`.

Several schedulers work on one project and one state store at a time, each a process of its own with real workers: forked
from one that has imported everything, so that a kill costs a fifth of a second. Each is killed with SIGKILL, at a
failpoint or at any moment, and another one starts. The clock on the wall goes faster, so that minutes come. In the end
one is left alone until every run has ended.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from penstock.schedule.failpoints import POINTS
from tools.killing import warm
from tools.killing.project import make_project, switch_off
from tools.killing.promises import broken_promises

AT_ONCE = 5
ANY_TIME = 0.25
"""Share of the kills that happen at any time."""
ASKED = 0.4
"""Runs that somebody asks for, for each kill."""
LONGEST = 5.0
"""Seconds that a scheduler has to come to its failpoint; it is killed at any time then."""
PATIENCE = 180.0
OF_PEOPLE = ("create.", "cancel.")
ONCE = "hand_over."
"""A process comes to these points once: when it is asked to end."""
SAID_EVERY = 30.0


@dataclass(slots=True)
class Victim:
    """A process that is going to die: where, by when, and when it is asked to end, if it is."""

    pid: int
    descriptor: int
    point: str
    until: float
    ask_at: float | None = None


@dataclass(slots=True)
class Torment:
    """Kills, and counts.

    Args:
        root: the project.
        kills: how many.
        seed: what the moments are drawn from.
        seconds: after which it is enough.
    """

    root: Path
    kills: int
    seed: int
    seconds: float
    deaths: Counter[str] = field(default_factory=Counter)
    victims: list[Victim] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    rng: random.Random = field(init=False)
    _points: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    @property
    def acknowledgements(self) -> Path:
        """Where it is written which runs were stored for sure."""
        return self.root.parent / "acknowledged.txt"

    def run(self) -> None:
        """Kill them all."""
        begun = said = time.monotonic()
        while sum(self.deaths.values()) < self.kills and time.monotonic() < begun + self.seconds:
            while len(self.victims) < AT_ONCE:
                self._begin()
            self._watch()
            warm.reap_orphans({victim.pid for victim in self.victims})
            if time.monotonic() > said + SAID_EVERY:
                said = time.monotonic()
                print(f"{sum(self.deaths.values())} kills", flush=True)
        for victim in self.victims:
            self._kill(victim)
        self._watch(all_of_them=True)

    def _begin(self) -> None:
        """Start a scheduler, or somebody who asks for runs, that is going to die."""
        point = "" if self.rng.random() < ANY_TIME else self._next_point()
        if point.startswith(OF_PEOPLE):
            pid = warm.fork(partial(warm.person, self.root, partial(self._act, point), point), self._log)
        else:
            times = 1 if point.startswith(ONCE) else self.rng.choice((1, 1, 2, 3))
            pid = warm.fork(partial(warm.scheduler, self.root, point, times), self._log)
        now = time.monotonic()
        until = now + (LONGEST if point else self.rng.uniform(0.2, 1.5))
        ask_at = now + self.rng.uniform(0.5, 1.2) if point.startswith(ONCE) else None
        self.victims.append(Victim(pid, os.pidfd_open(pid), point, until, ask_at))
        if self.rng.random() < ASKED:
            warm.fork(partial(warm.person, self.root, partial(self._act, "")), self._log)

    def _next_point(self) -> str:
        if not self._points:
            self._points = [*POINTS]
            self.rng.shuffle(self._points)
        return self._points.pop()

    @property
    def _log(self) -> Path:
        return self.root.parent / "processes.log"

    def _act(self, point: str, state: Any) -> None:
        """What somebody asks for."""
        from penstock.model.errors import RunStateError
        from penstock.project import open_project
        from penstock.schedule.requests import NewRun, cancel_run, create_run
        from penstock.state.notify import tell

        rng = random.Random()
        pipeline = rng.choice(("work", "caller", "fan"))
        row = create_run(state, NewRun(pipeline, "api"), time.time())
        with self.acknowledgements.open("a") as file:
            file.write(f"{row.id}\n")
        tell(open_project(self.root).data_dir(), "runs", row.id)
        if point.startswith("cancel.") or rng.random() < 0.1:
            try:
                cancel_run(state, row.id, time.time())
            except RunStateError:
                return
            tell(open_project(self.root).data_dir(), "runs", row.id)

    def _watch(self, *, all_of_them: bool = False) -> None:
        """Wait until one has died, or has to."""
        now = time.monotonic()
        moments = [min(victim.until, victim.ask_at or victim.until) for victim in self.victims]
        wait = PATIENCE if all_of_them else min(moments, default=now) - now
        ended = warm.wait_for({victim.pid: victim.descriptor for victim in self.victims}, wait)
        now = time.monotonic()
        for victim in list(self.victims):
            if victim.pid in ended:
                self._died(victim, ended[victim.pid])
            elif victim.until <= now:
                self._kill(victim)
                self._died(victim, os.waitpid(victim.pid, 0)[1])
            elif victim.ask_at is not None and victim.ask_at <= now:
                victim.ask_at = None
                os.kill(victim.pid, signal.SIGTERM)

    def _kill(self, victim: Victim) -> None:
        victim.point = ""
        signal.pidfd_send_signal(victim.descriptor, signal.SIGKILL)

    def _died(self, victim: Victim, status: int) -> None:
        os.close(victim.descriptor)
        self.victims.remove(victim)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            self.deaths[victim.point or "at any time"] += 1

    def settle(self) -> None:
        """Leave one scheduler alone until nothing is left to do; then nothing may be left behind."""
        switch_off(self.root)
        pid = warm.fork(partial(warm.scheduler, self.root), self._log)
        waiting = warm.fork(partial(warm.person, self.root, _wait_for_all), self._log)
        if os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]):
            self.strays.append("runs were left open")
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        end = time.monotonic() + 20
        while (left := warm.descendants()) and time.monotonic() < end:
            warm.reap_orphans(set())
            time.sleep(0.05)
        self.strays += [f"process {each} is left: {_command(each)}" for each in left]

    def checked(self) -> tuple[list[str], Counter[str]]:
        """The promises that were broken, and the runs by state."""
        told = self.acknowledgements.read_text().split() if self.acknowledgements.exists() else []
        found, states = broken_promises(self.root, told)
        return [*self.strays, *found], states


def _wait_for_all(state: Any) -> None:
    """Until no run is open and none is to come; what was left is worked off as long as it takes, if it gets on."""
    left, end = sys.maxsize, 0.0
    while True:
        with state.read() as connection:
            now_left = sum(line["count"] for line in state.runs.open_counts(connection))
            # A trigger that was switched off in its file may still fire until somebody has read that.
            now_left += sum(row.active for row in state.triggers.all(connection))
        if not now_left:
            return
        if now_left < left:
            left, end = now_left, time.monotonic() + PATIENCE
        elif time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return "?"


def torment(root: Path, kills: int, seed: int, seconds: float) -> tuple[list[str], Counter[str], Counter[str]]:
    """Kill so many; the promises that were broken, where they died, and the runs by state. Once in a process."""
    make_project(root)
    os.environ["PENSTOCK_DATA_DIR"] = str(root.parent / "data")
    warm.prepare()
    play = Torment(root, kills, seed, seconds)
    play.run()
    play.settle()
    found, states = play.checked()
    return found, play.deaths, states


@click.command()
@click.option("--kills", default=100, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--minutes", default=600.0, show_default=True, help="After which it is enough.")
@click.option("--all-points", is_flag=True, help="Fail when nothing died at some failpoint.")
def main(kills: int, seed: int, minutes: float, *, all_points: bool) -> None:
    """Kill so many schedulers."""
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="penstock-chaos-"))
    found, deaths, states = torment(folder / "project", kills, seed, minutes * 60)
    for name in (*POINTS, "at any time"):
        print(f"{deaths[name]:6} died {name}")
    missed = [name for name in POINTS if not deaths[name]] if all_points else []
    print(
        f"{sum(deaths.values())} kills in {time.monotonic() - begun:.0f} s, {sum(states.values())} runs {dict(states)}: "
        f"{len(found)} promises broken" + (f"; never reached: {missed}" if missed else "")
    )
    for line in found[:50]:
        print(f"  {line}")
    if found or missed:
        print(f"what is left is in {folder}")
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
