"""Triggers of the project: listed from the state store, changed in their files, mirrored at once."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from penstock.config import environment
from penstock.model.errors import EditRefusedError, PenstockError, TriggerNotFoundError
from penstock.model.trigger import TriggerKind
from penstock.observe.alerts.outbox import Outbox
from penstock.observe.alerts.source import AlertSource
from penstock.project.layout import METADATA, PIPELINES, TRIGGERS
from penstock.schedule.leads import lead_of
from penstock.schedule.requests import RUNS, NewRun, create_run
from penstock.schedule.sync import TriggerSync, move_triggers
from penstock.schedule.tokens import hash_token, new_token
from penstock.server.hub import Hub
from penstock.server.projects.parts import Parts
from penstock.server.projects.trigger_files import TriggerFiles, file_of
from penstock.server.schema.triggers import (
    Calendar,
    NewTrigger,
    TriggerChanges,
    TriggerDetail,
    TriggerPreview,
    TriggerSummary,
)
from penstock.server.triggers import values
from penstock.server.triggers.calendar import calendar_of
from penstock.server.triggers.showing import SHOWN, trigger_detail, trigger_of, trigger_summary
from penstock.state.rows import TriggerRow
from penstock.state.store import State

LONGEST = 366 * 86400.0
LATEST = 2e11
"""Seconds since the epoch; the calendar ends in the year 8307."""
_MANY = 1000
"""Triggers in a list up to which each shows more than its newest run."""
_WEEK = 7 * 86400.0
_log = logging.getLogger("penstock.server")


class TriggerService:
    """The triggers. Everything but `start`, `close` and `hear` is for threads.

    Args:
        parts: what changes files.
        state: the state store.
        hub: told of triggers that change, and heard for files that do.
        notify: tells other processes a topic and a text.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        parts: Parts,
        state: State,
        hub: Hub,
        notify: Callable[[str, str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._files = TriggerFiles(parts)
        self._parts = parts
        self._state = state
        self._hub = hub
        self._notify = notify
        self._clock = clock
        self._environment = environment.text("ENV")
        alerts = Outbox(state, AlertSource(parts.root), str(parts.root))
        self._sync = TriggerSync(state, parts.root, clock, environment=self._environment, alerts=alerts)
        self._lock = threading.Lock()
        self._noting = threading.Lock()  # of `_news`, never held for long: files are told of on the event loop
        self._news: set[str] | None = None  # None: everything may have changed
        self._started = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        hub.hear(self.hear)

    async def start(self) -> None:
        """Mirror what the files declare, while the server begins to answer."""
        self._loop = asyncio.get_running_loop()
        self._follow()

    async def close(self) -> None:
        """Wait for what is being mirrored."""
        self._loop = None
        if self._task is not None:
            await self._task

    def hear(self, _topics: tuple[str, ...], event: Any) -> None:
        """Note which files have changed, and mirror them soon."""
        if not isinstance(event, dict) or event.get("type") != "files_changed" or self._loop is None:
            return
        found = [_news_of(each["path"], each["revision"]) for each in event["paths"]]
        named = {name for name in found if name}
        with self._noting:
            if "" in found:
                self._news = None
            elif self._news is not None:
                self._news |= named
        if named or self._news is None:
            self._follow()

    def list(self, pipeline: str = "") -> list[TriggerSummary]:
        """All triggers, or those of a pipeline, with their last runs. Raises StateUnavailableError."""
        self.refresh()
        with self._state.read() as connection:
            rows = self._state.triggers.all(connection, pipeline)
            # Ten thousand triggers with ten runs each are seventeen megabytes; who narrows the list sees all of them.
            shown = SHOWN if len(rows) <= _MANY else 1
            runs = self._state.triggers.newest_runs(connection, pipeline, shown)
        return [trigger_summary(row, runs.get(row.id, [])) for row in rows]

    def detail(self, number: int, base: str = "") -> TriggerDetail:
        """A trigger in full. Raises TriggerNotFoundError, StateUnavailableError."""
        self.refresh()
        row = self.find(number)
        with self._state.read() as connection:
            runs = self._state.runs.of_trigger(connection, number, SHOWN)
            lead = lead_of(connection, self._state, row)
        revision = self._revision(row.pipeline)
        return trigger_detail(row, runs, revision, self._clock(), lead, self._environment, base)

    def find(self, number: int) -> TriggerRow:
        """The row of a trigger that is in its file. Raises TriggerNotFoundError."""
        with self._state.read() as connection:
            row = self._state.triggers.get(connection, number)
        if row is None or row.removed_at is not None:
            raise TriggerNotFoundError(
                f"opening trigger {number}: there is none of that number",
                hint="It may have been deleted; look at the list.",
            )
        return row

    def create(self, given: NewTrigger) -> tuple[int, str | None]:
        """Make a trigger; its number, and its token if it is one that is called. Raises as `TriggerFiles.add`."""
        name = given.name.strip()
        entry = values.read_back(given.pipeline, file_of(given.pipeline), given)
        self._files.add(given.pipeline, values.file_values(given) | {"name": name})
        self.mirror([given.pipeline])
        row = self._named(given.pipeline, name)
        token = self._new_token(row) if entry.trigger.kind is TriggerKind.API else None
        return row.id, token

    def change(self, number: int, changes: TriggerChanges) -> None:
        """Change what is given. Raises as `TriggerFiles.change`."""
        row = self.find(number)
        trigger = trigger_of(row)
        wanted = values.file_changes(changes.set, trigger.settings.time_zone)
        if wanted.get("status") == "active":
            wanted |= self._switched_on(row)
        if "name" in wanted:
            wanted["name"] = str(wanted["name"] or "").strip()
        with self._parts.lock:
            self._files.change(row.pipeline, row.name, wanted, changes.revision)
            if wanted.get("name", row.name) != row.name:
                self._rename(row, wanted["name"])
        self.mirror([row.pipeline])

    def switch(self, number: int, *, active: bool) -> None:
        """Switch a trigger on or off. Raises as `TriggerFiles.change`."""
        row = self.find(number)
        wanted: dict[str, Any] = {"status": "active" if active else "inactive"}
        if active:
            wanted |= self._switched_on(row)
        self._files.change(row.pipeline, row.name, wanted, whole=active)
        self.mirror([row.pipeline])

    def renew_token(self, number: int) -> str:
        """A new token; the one before is worth nothing from now on. Raises EditRefusedError for other kinds."""
        row = self.find(number)
        if trigger_of(row).kind not in {TriggerKind.API, TriggerKind.EVENT}:
            raise EditRefusedError(
                f"making a token for trigger {row.name}: nobody calls it",
                hint="Only triggers of kind api or event have tokens.",
            )
        if row.definition.get("file_token"):
            self._files.change(row.pipeline, row.name, {"token": None}, whole=False)
            self.mirror([row.pipeline])
        return self._new_token(row)

    def delete(self, number: int) -> str:
        """Take a trigger out of its file; the token that brings it back. Raises as `TriggerFiles.remove`."""
        row = self.find(number)
        token = self._files.remove(row.pipeline, row.name)
        self.mirror([row.pipeline])
        return token

    def preview(self, given: NewTrigger) -> TriggerPreview:
        """What a trigger would do."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            return values.preview(given.pipeline, file_of(given.pipeline), given, now)
        except EditRefusedError as error:
            return TriggerPreview("", [], error.message)

    def calendar(self, since: float, until: float) -> Calendar:
        """What active triggers are to begin in a time."""
        self.refresh()
        now = self._clock()
        since = min(since, LATEST) if since > 0 else now  # whatever was asked for, NaN included
        until = min(until or since + _WEEK, since + LONGEST)
        with self._state.read() as connection:
            rows = [row for row in self._state.triggers.all(connection) if row.active and not row.problem]
            leads = {row.id: lead_of(connection, self._state, row) for row in rows}
        return calendar_of(rows, leads, since, until)

    def pipeline_moved(self, before: str, after: str) -> None:
        """Let triggers and runs follow a pipeline to its new name; those that wait for it wait for it by that name."""
        with self._state.write() as connection:
            move_triggers(connection, self._state, before, after)
            self._state.runs.rename_pipeline(connection, before, after)
            rows = self._state.triggers.all(connection)
        for row in rows:
            waits = (row.definition.get("settings") or {}).get("after") or []
            if any(each.get("pipeline") == before for each in waits):
                renamed = [{**each, "pipeline": after} if each.get("pipeline") == before else each for each in waits]
                # The folder is moved after this: a trigger of that pipeline itself is in the old one.
                pipeline = before if row.pipeline == after else row.pipeline
                with suppress(PenstockError):  # a file that cannot be changed shows the missing pipeline as its problem
                    self._files.change(pipeline, row.name, {"settings": {"after": renamed}}, whole=False)

    def run_now(self, number: int, variables: Mapping[str, Any]) -> str:
        """Ask for a run of a trigger, whether it is active or not; the run's name. Raises StateUnavailableError."""
        row = self.find(number)
        made = create_run(
            self._state,
            NewRun(row.pipeline, "studio", variables=variables, trigger=row, options={"environment": "prod"}),
            self._clock(),
        )
        self._notify(RUNS, made.id)
        return made.id

    def refresh(self) -> None:
        """Mirror what is known to have changed, if anything has."""
        with self._lock:  # also to wait for who is at it just now
            with self._noting:
                if self._started and self._news == set():
                    return
                news, self._news = self._news, set()
            try:
                done = self._sync.everything() if news is None else self._sync.pipelines(news)
            except PenstockError:
                self._news = None
                raise
            self._started = True
        self._tell(done.ids, "" if news is None else " ".join(news))

    def mirror(self, pipelines: Iterable[str]) -> None:
        """Mirror the triggers of these pipelines now. Raises StateUnavailableError."""
        names = list(pipelines)
        with self._lock:
            done = self._sync.pipelines(names)
        for name in names:
            self._tell(done.ids, name)

    def _tell(self, numbers: Iterable[int], pipeline: str) -> None:
        told = list(numbers)
        for number in told:
            self._hub.publish_from_thread("project", {"type": "trigger_changed", "id": number})
        if told:
            self._notify("triggers", pipeline)

    def _follow(self) -> None:
        """Mirror the news in a thread; one at a time, and once more for what comes meanwhile."""
        if self._task is None and self._loop is not None:
            self._task = self._loop.create_task(self._mirror_news())

    async def _mirror_news(self) -> None:
        try:
            while self._loop is not None and (not self._started or self._news != set()):
                await asyncio.to_thread(self.refresh)
        except PenstockError as error:
            _log.warning("%s", error.message)  # the next look at the list tries again
        finally:
            self._task = None

    def _named(self, pipeline: str, name: str) -> TriggerRow:
        with self._state.read() as connection:
            row = self._state.triggers.named(connection, pipeline, name)
        if row is None:
            raise TriggerNotFoundError(f"opening trigger {name}: it has gone again", hint="Look at the list.")
        return row

    def _switched_on(self, row: TriggerRow) -> dict[str, Any]:
        """The moment, for a file that has kept it: Mage reads it there."""
        if row.definition.get("last_enabled_at") is None:
            return {}
        return {"last_enabled_at": datetime.fromtimestamp(self._clock(), UTC).replace(microsecond=0, tzinfo=None)}

    def _new_token(self, row: TriggerRow) -> str:
        token = new_token()
        with self._state.write() as connection:
            self._state.triggers.change(connection, row.id, token_hash=hash_token(token))
        self._tell([row.id], row.pipeline)
        return token

    def _rename(self, row: TriggerRow, name: str) -> None:
        """Keep number, runs and token of a trigger that has another name now.

        Whoever mirrors files may have seen the new name before: then its row, which has no past, gives way.
        """
        kept = {"active": row.active, "next_due_at": row.next_due_at, "removed_at": None, "digest": ""}
        with self._state.write() as connection:
            taken = self._state.triggers.named(connection, row.pipeline, name)
            if taken is not None and taken.removed_at is None and self._state.runs.of_trigger(connection, taken.id, 1):
                return
            if taken is not None:
                self._state.triggers.delete(connection, taken.id)
            self._state.triggers.change(connection, row.id, name=name, **kept)

    def _revision(self, pipeline: str) -> str:
        try:
            file = self._files.read(pipeline).file
        except PenstockError:
            return ""
        return file.revision if file else ""


def _news_of(path: str, revision: str | None) -> str | None:
    """The pipeline whose triggers a changed file may have changed; "" for any, None for none."""
    if path != PIPELINES and not path.startswith(f"{PIPELINES}/"):
        return None
    head, _, name = path.rpartition("/")
    if name in {TRIGGERS, METADATA}:
        return head.removeprefix(f"{PIPELINES}/") if head != PIPELINES else None
    return "" if revision is None else None
