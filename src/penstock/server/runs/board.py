"""All runs of the project, whoever drives them: listed, explained, cancelled, retried, deleted.

What the store says of a run holds for those of the scheduler; those that people begin are on the way into it a moment
later, and are shown from memory until then. Everything here reads or writes the store: called in threads.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from penstock.model.errors import PenstockError, RunNotFoundError, RunStateError
from penstock.model.graph import descendants
from penstock.observe.archive import RunHead
from penstock.observe.log_fetch import LogFetcher
from penstock.project import Project
from penstock.schedule import reasons
from penstock.schedule.family import asked_of
from penstock.schedule.limit_rules import RuleBook
from penstock.schedule.requests import RUNS, cancel_run, delete_run, retry_from, retry_incomplete, retry_run
from penstock.schedule.why import explain_block, explain_run
from penstock.schedule.why_trigger import explain_trigger
from penstock.server.hub import Hub
from penstock.server.runs.rows import fits, line_of, trigger_numbers
from penstock.server.runs.service import RunService
from penstock.server.runs.summaries import summary_of
from penstock.server.schema.runs import (
    BulkDone,
    Explanation,
    ReasonDetail,
    Refused,
    RunDetail,
    RunRelative,
    RunSummary,
    TriggerRef,
)
from penstock.state.rows import INITIAL, RunRow, TriggerRow
from penstock.state.run_list import RunFilter
from penstock.state.store import State

if TYPE_CHECKING:
    import sqlalchemy as sa

MOST_AT_ONCE = 1000
"""Runs of one bulk action."""
_RELATIVES = 200
"""Runs that blocks of one run have asked for, shown with it at most."""


class RunBoard:
    """The runs of the project.

    Args:
        state: the store.
        runs: those that are under way in this process, and the records of all.
        hub: where changes are told.
        project: the project as it is now.
        wake: tells schedulers that something was asked.
        made: told of each run that is made here, before others are.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        state: State,
        runs: RunService,
        hub: Hub,
        project: Callable[[], Project],
        wake: Callable[[str, str], object],
        made: Callable[[str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._runs = runs
        self._hub = hub
        self._project = project
        self._wake = wake
        self._made_here = made
        self._clock = clock
        self._rules = RuleBook(project)
        self._fetcher = LogFetcher(project, state)

    def page(self, wanted: RunFilter, limit: int, after: str) -> tuple[list[RunSummary], str | None]:
        """A page of runs, and where the next one begins. Raises SettingInvalidError for a place of no page."""
        live = {} if after else {line.run: line for line in self._runs.running()}
        with self._state.read() as connection:
            page = self._state.runs.page(connection, wanted, limit=limit, after=after)
            names = self._names(connection, page.rows)
            there = {row.id for row in page.rows}
            if live.keys() - there:  # what the store has stands on its own page
                there |= self._state.runs.many(connection, live.keys() - there).keys()
        now = self._clock()
        lines = [self._settled(row, line_of(row, names, now), live) for row in page.rows]
        if live and wanted.sort == "newest":
            # Those that have begun a moment ago are not in the store yet.
            oldest = lines[-1].started if page.next is not None and lines else 0.0
            new = [
                line
                for line in live.values()
                if line.run not in there and line.started >= oldest and fits(line, wanted)
            ]
            lines = sorted([*lines, *new], key=lambda line: line.run, reverse=True) if new else lines
        return [_fresher(line, live.get(line.run)) for line in lines], page.next

    def still_failing(self, limit: int) -> list[RunSummary]:
        """The newest failed or cut off runs after which no run of their pipeline has ended, or none of their trigger.

        A success of one trigger says nothing about another one; of a trigger that is off nothing more is to come.
        """
        wanted = RunFilter(states=("failed", "interrupted"))
        with self._state.read() as connection:
            rows = self._state.runs.page(connection, wanted, limit=limit).rows
            newest = self._state.runs.newest_ended(connection, {row.pipeline for row in rows})
            last = {self._last_of(connection, number) for number in {row.trigger_id for row in rows}}
            rows = [row for row in rows if newest.get(row.pipeline) == row.id or row.id in last]
            names = self._names(connection, rows)
        now = self._clock()
        return [line_of(row, names, now) for row in rows]

    def _last_of(self, connection: sa.Connection, number: int | None) -> str:
        """The newest run of a trigger that has ended; empty for none, and for one that is off."""
        trigger = self._state.triggers.get(connection, number) if number is not None else None
        if trigger is None or not trigger.active or trigger.removed_at is not None:
            return ""
        rows = self._state.runs.of_trigger(connection, trigger.id)
        return next((row.id for row in rows if not row.open), "")

    def row(self, run: str) -> RunRow | None:
        """A run as the store has it."""
        with self._state.read() as connection:
            return self._state.runs.get(connection, run)

    def line(self, row: RunRow) -> RunSummary:
        """A run in one line."""
        with self._state.read() as connection:
            names = self._names(connection, [row])
        return line_of(row, names, self._clock())

    def detail(self, run: str) -> RunDetail:
        """A run with its blocks; one that has not begun has none yet. Raises RunNotFoundError."""
        row = self.row(run)
        if row is None:
            return self._runs.detail(run)
        line = self.line(row)
        family = self._family(row)
        self._have_logs(row)
        try:
            found = self._runs.detail(run)
        except RunNotFoundError:
            fields = {**msgspec.structs.asdict(line), **family}
            return RunDetail(**fields, partition=row.partition, variables=dict(row.variables), seq=self._hub.seq)
        return msgspec.structs.replace(found, **_known_to_store(row, line, found), **family)

    def _family(self, row: RunRow) -> dict[str, Any]:
        """The run whose block has asked for this one, and those that blocks of this one have asked for."""
        with self._state.read() as connection:
            children = self._state.runs.children(connection, row.id)
            parent = self._state.runs.get(connection, row.parent_run) if row.parent_run is not None else None
        asking = str(asked_of(row).get("block") or "")
        return {
            "parent": _relative(parent, asking) if parent is not None else None,
            "children": [_relative(each, str(asked_of(each).get("block") or "")) for each in children[-_RELATIVES:]],
        }

    def summary(self, run: str) -> RunSummary:
        """A run in one line, from wherever it is known. Raises RunNotFoundError."""
        row = self.row(run)
        if row is None:
            return summary_of(self._head(run))
        if not _is_scheduled(row):
            with suppress(RunNotFoundError):
                return summary_of(self._head(run))
        return self.line(row)

    def folder(self, run: str) -> Path:
        """The folder of a run's logs, there or not yet, or read back from a bucket. Raises RunNotFoundError."""
        row = self.row(run)
        if row is not None:
            self._have_logs(row)
        return self._runs.archive.folder(row.pipeline, run) if row is not None else self._runs.folder(run)

    def _have_logs(self, row: RunRow) -> None:
        """Read the logs of a run back that has ended, if they are kept elsewhere."""
        if not row.open and row.started_at is not None:
            self._fetcher.try_to(row.pipeline, row.id)

    def explain(self, run: str, block: str = "") -> Explanation:
        """Why a run, or a block of it, is not running. Raises RunNotFoundError."""
        row = self._known(run, "explaining")
        now = self._clock()
        with self._state.read() as connection:
            if not block:
                return _shown(explain_run(self._state, connection, row, self._rules, now))
            found = explain_block(self._state, connection, row, block, self._rules, now)
        if found is None:
            raise RunNotFoundError(f"explaining block {block[:100]}: it takes no part in run {run}", hint="")
        return _shown(found)

    def explain_trigger(self, row: TriggerRow) -> Explanation:
        """Why a trigger starts nothing."""
        with self._state.read() as connection:
            return _shown(explain_trigger(self._state, connection, row, self._clock()))

    def cancel(self, run: str) -> RunSummary:
        """End a run of the scheduler, or have it ended. Raises RunNotFoundError or RunStateError."""
        self._known(run, "cancelling")
        return self.ending(cancel_run(self._state, run, self._clock(), self.ending))

    def retry(self, run: str) -> RunSummary:
        """The new run that does the same again. Raises RunNotFoundError or RunStateError."""
        self._known(run, "retrying")
        return self._made(retry_run(self._state, run, self._clock()))

    def retry_incomplete(self, run: str) -> RunSummary:
        """Let a run go on with what is not done. Raises RunNotFoundError or RunStateError."""
        self._known(run, "retrying")
        return self._made(retry_incomplete(self._state, run, self._clock()))

    def retry_from(self, run: str, block: str) -> RunSummary:
        """Let a run go on from a block. Raises RunNotFoundError, RunStateError or PipelineNotFoundError."""
        row = self._known(run, "retrying")
        pipeline = self._project().pipeline(row.pipeline)
        if pipeline.block(block) is None:
            raise RunStateError(
                f"retrying from block {block[:100]}: pipeline {row.pipeline} has none of that name",
                hint=f"Its blocks: {', '.join(each.uuid for each in pipeline.blocks)[:300]}.",
            )
        below = descendants({each.uuid: each.upstream for each in pipeline.blocks}, {block})
        return self._made(retry_from(self._state, run, block, below, self._clock()))

    def delete(self, run: str) -> None:
        """Forget an ended run and its logs. Raises RunNotFoundError or RunStateError."""
        self._delete(run)
        self._hub.publish_from_thread("project", {"type": "runs_deleted", "runs": [run]})

    def bulk(self, action: str, runs: Iterable[str]) -> BulkDone:
        """The same with several runs; what cannot be done with one keeps nobody from the others."""
        work: dict[str, Callable[[str], object]] = {
            "cancel": self.cancel,
            "retry": self.retry,
            "retry_incomplete": self.retry_incomplete,
            "delete": self._delete,
        }
        done, refused = [], []
        for run in dict.fromkeys(runs):
            try:
                work[action](run)
            except PenstockError as error:
                refused.append(Refused(run, error.message))
            else:
                done.append(run)
        if action == "delete" and done:
            self._hub.publish_from_thread("project", {"type": "runs_deleted", "runs": done})
        return BulkDone(done, refused)

    def hear(self, what: str, row: RunRow) -> None:
        """The scheduler tells of a run; on the event loop."""
        line = line_of(row, {}, self._clock())
        if what == "created":
            self._publish("run_created", line, own=False)
        elif what == "ended" and (row.blocks_total == 0 or not row.started_at):
            # One that has begun tells its own end.
            self._publish("run_ended", line, own=True)
        elif what == "waiting" or (row.state == INITIAL and row.waiting):
            event = {"type": "run_waiting", "run": row.id, "waiting": line.waiting}
            self._hub.publish(["project", f"run:{row.id}"], event)

    def waits(self, row: RunRow) -> None:
        """Blocks of a run have begun to wait for other runs, or have ended to; on the event loop."""
        self.hear("waiting", row)

    def ending(self, row: RunRow) -> RunSummary:
        """A run has been ended, or is to be ended by who drives it: wake that, or tell the pages."""
        line = self._asked(row)
        if not row.open:
            self._tell("run_ended", line, own=True)
        return line

    def told(self, row: RunRow) -> RunSummary:
        """A run was asked for: wake who drives it, and tell the pages."""
        return self._made(row)

    def _settled(self, row: RunRow, line: RunSummary, live: Mapping[str, RunSummary]) -> RunSummary:
        """The line of a run that somebody began by hand, with its end, when the store has not heard of that yet."""
        if not row.open or _is_scheduled(row) or row.id in live:
            return line
        head = self._runs.archive.head(row.pipeline, row.id)
        return line if head is None or head.ended is None else _with_end(line, summary_of(head))

    def _names(self, connection: Any, rows: list[RunRow]) -> dict[int, TriggerRef]:
        found = {}
        for number in trigger_numbers(rows):
            trigger = self._state.triggers.get(connection, number)
            if trigger is not None:
                found[number] = TriggerRef(number, trigger.name, trigger.removed_at is not None)
        return found

    def _head(self, run: str) -> RunHead:
        return self._runs.head(run)

    def _known(self, run: str, doing: str) -> RunRow:
        row = self.row(run)
        if row is None:
            head = self._head(run)  # raises what it is when there is no record of it either
            raise RunStateError(
                f"{doing} run {run}: its record of pipeline {head.pipeline} is still being read in",
                hint="Try again in a moment.",
            )
        return row

    def _asked(self, row: RunRow) -> RunSummary:
        self._wake(RUNS, row.id)
        return self.line(row)

    def _made(self, row: RunRow) -> RunSummary:
        self._made_here(row.id)
        line = self._asked(row)
        self._tell("run_created", line, own=False)
        return line

    def _delete(self, run: str) -> None:
        self._known(run, "deleting")
        row = delete_run(self._state, run)
        # Without its record, or it would be read in again.
        shutil.rmtree(self._runs.archive.folder(row.pipeline, run), ignore_errors=True)

    def _publish(self, kind: str, line: RunSummary, *, own: bool) -> None:
        topics = ["project", f"pipeline:{line.pipeline}"] + ([f"run:{line.run}"] if own else [])
        self._hub.publish(topics, {"type": kind, "run": line})

    def _tell(self, kind: str, line: RunSummary, *, own: bool) -> None:
        topics = ["project", f"pipeline:{line.pipeline}"] + ([f"run:{line.run}"] if own else [])
        self._hub.publish_from_thread(topics, {"type": kind, "run": line})


def _relative(row: RunRow, block: str) -> RunRelative:
    started = row.started_at if row.started_at is not None else row.created_at
    return RunRelative(row.id, row.pipeline, row.state, block, started, row.seconds)


def _is_scheduled(row: RunRow) -> bool:
    """Whether what the store says of a run is the truth, rather than its record."""
    return row.lease_token > 0 or row.state == INITIAL


_OF_END = ("state", "ended", "seconds", "blocks_done", "blocks_total", "failed_block", "error")


def _with_end(line: RunSummary, ended: RunSummary) -> RunSummary:
    return msgspec.structs.replace(line, **{name: getattr(ended, name) for name in _OF_END})


def _fresher(line: RunSummary, live: RunSummary | None) -> RunSummary:
    """The line of the store, with how far a run of this process has come by now."""
    if live is None or line.ended is not None or line is live:
        return line
    return msgspec.structs.replace(
        line,
        state=live.state,
        blocks_done=live.blocks_done,
        blocks_total=live.blocks_total,
        started=live.started if line.state == "initial" else line.started,  # a run that was taken up began before
    )


def _known_to_store(row: RunRow, line: RunSummary, found: RunDetail) -> dict[str, Any]:
    """What the record of a run does not say, and its state where the scheduler knows better."""
    names = ("trigger", "backfill", "execution_date", "priority", "waiting", "retry_of", "parent_run", "sla_missed")
    fields: dict[str, Any] = {name: getattr(line, name) for name in (*names, "lateness")}
    if row.lease_token > 0 and (row.state != found.state or not row.open):  # its record may end with an earlier attempt
        names = ("state", "started", "ended", "seconds", "failed_block", "error", "blocks_done", "blocks_total")
        fields |= {name: getattr(line, name) for name in names}
    elif row.lease_token > 0 and row.started_at is not None:  # its record tells other beginnings too
        fields |= {"started": line.started, "seconds": line.seconds}
    return fields


def _shown(found: reasons.Explanation) -> Explanation:
    details = [ReasonDetail(each.text, each.since, each.change) for each in found.details]
    return Explanation(found.text, details)
