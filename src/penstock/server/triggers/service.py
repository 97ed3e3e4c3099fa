"""Triggers of the project: listed from the state store, changed in their files, mirrored at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from penstock.config import environment
from penstock.model.errors import EditRefusedError, PenstockError, SettingInvalidError, TriggerNotFoundError
from penstock.model.trigger import TriggerKind
from penstock.observe.alerts.incident import of_renamed
from penstock.observe.alerts.outbox import Outbox
from penstock.observe.alerts.source import AlertSource
from penstock.project.trigger_edit import VariableChanges
from penstock.schedule.leads import lead_of, usual_lead
from penstock.schedule.requests import RUNS, NewRun, create_run
from penstock.schedule.sync import TriggerSync, move_triggers
from penstock.schedule.tokens import hash_token, new_token
from penstock.server.hub import Hub
from penstock.server.projects.parts import Parts
from penstock.server.projects.trigger_files import TriggerFiles, file_of, revision_of
from penstock.server.schema.triggers import (
    Calendar,
    CalendarQuery,
    NewTrigger,
    TriggerChanges,
    TriggerDetail,
    TriggerList,
    TriggerPreview,
    TriggerQuery,
)
from penstock.server.triggers import values
from penstock.server.triggers.calendar import calendar_page
from penstock.server.triggers.following import Following
from penstock.server.triggers.shelf import Shelf
from penstock.server.triggers.showing import SHOWN, trigger_detail, trigger_of, trigger_summary
from penstock.state.rows import TriggerRow
from penstock.state.store import State

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST = 366 * 86400.0
LATEST = 2e11
"""Seconds since the epoch; the calendar ends in the year 8307."""
_WEEK = 7 * 86400.0


class TriggerService:
    """The triggers. Everything but `start` and `close` is for threads.

    Args:
        parts: what changes files.
        state: the state store.
        hub: told of triggers that change, and heard for files that do.
        notify: tells other processes a topic and a text.
        made: told of each run that is made here, before others are.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        parts: Parts,
        state: State,
        hub: Hub,
        notify: Callable[[str, str], object],
        made: Callable[[str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._files = TriggerFiles(parts)
        self._parts = parts
        self._state = state
        self._hub = hub
        self._notify = notify
        self._made_here = made
        self._clock = clock
        self._environment = environment.text("ENV")
        alerts = Outbox(state, AlertSource(parts.root), str(parts.root))
        sync = TriggerSync(state, parts.root, clock, environment=self._environment, alerts=alerts)
        self._following = Following(parts.root, sync, hub, notify)
        self.start = self._following.start
        self.close = self._following.close
        self.refresh = self._following.refresh
        self.mirror = self._following.mirror
        self._shelf = Shelf(state)

    def list(self, wanted: TriggerQuery) -> TriggerList:
        """A page of triggers, with their last runs. Raises SettingInvalidError, StateUnavailableError."""
        self.refresh()
        with self._state.read() as connection:
            page = self._shelf.page(connection, wanted)
            rows = {row.id: row for row in self._state.triggers.many(connection, page.numbers)}
            runs = self._state.triggers.newest_runs(connection, page.numbers, SHOWN)
        shown = [trigger_summary(rows[number], runs.get(number, [])) for number in page.numbers if number in rows]
        return TriggerList(
            shown, page.next, page.total, page.counts, page.pipelines, page.tags, self._following.reading
        )

    def detail(self, number: int, base: str = "") -> TriggerDetail:
        """A trigger in full. Raises TriggerNotFoundError, StateUnavailableError."""
        self.refresh()
        row = self.find(number)
        with self._state.read() as connection:
            runs = self._state.runs.of_trigger(connection, number, SHOWN)
            lead = lead_of(connection, self._state, row)
        revision = self._revision(row)
        return trigger_detail(row, runs, revision, self._clock(), lead, self._environment, base)

    def find(self, number: int) -> TriggerRow:
        """The row of a trigger that is in its file. Raises TriggerNotFoundError."""
        with self._state.read() as connection:
            return self._found(connection, number)

    def _found(self, connection: sa.Connection, number: int) -> TriggerRow:
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
        variables = VariableChanges(changes.variables, changes.dropped)
        moved = {row.pipeline}
        with self._parts.lock:
            self._files.change(row.pipeline, row.name, wanted, changes.revision, variables=variables)
            if wanted.get("name", row.name) != row.name:
                self._rename(row, wanted["name"])
                moved |= self._followed(row, wanted["name"])
        self.mirror(moved)

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
            return values.preview(given.pipeline, file_of(given.pipeline), given, now, self._lead(given))
        except (EditRefusedError, SettingInvalidError) as error:
            return TriggerPreview("", [], error.message)

    def _lead(self, given: NewTrigger) -> timedelta:
        """How long the runs of a trigger take, if it is one that there is; that it has a landing time may be new.

        Without a landing time nothing is asked of the store: the form asks for a preview with every change.
        """
        if not given.settings.get("landing_time_enabled"):
            return timedelta(0)
        with self._state.read() as connection:
            row = self._state.triggers.named(connection, given.pipeline, given.name.strip())
            return usual_lead(connection, self._state, row.id) if row is not None else timedelta(0)

    def calendar(self, wanted: CalendarQuery) -> Calendar:
        """What active triggers are to begin in a time. Raises SettingInvalidError, StateUnavailableError."""
        self.refresh()
        now = self._clock()
        since = min(wanted.since, LATEST) if wanted.since > 0 else now  # whatever was asked for, NaN included
        until = min(wanted.until or since + _WEEK, since + LONGEST)
        with self._state.read() as connection:
            return calendar_page(connection, self._state, since, until, wanted.limit, wanted.after)

    def pipeline_moved(self, before: str, after: str) -> None:
        """Let triggers, runs, backfills and alerts follow a pipeline to its new name, and who waits for it."""
        with self._state.write() as connection:
            move_triggers(connection, self._state, before, after)
            self._state.runs.rename_pipeline(connection, before, after)
            self._state.backfills.rename_pipeline(connection, before, after)
            named = partial(of_renamed, old=before, new=after)
            self._state.alerts.rename_pipeline(connection, before, after, named)
            rows = self._state.triggers.all(connection)
        for row in rows:
            # The folder is moved after this: a trigger of that pipeline itself is in the old one.
            pipeline = before if row.pipeline == after else row.pipeline
            self._waits_anew(pipeline, row, {"pipeline": before}, {"pipeline": after})

    def _waits_anew(self, pipeline: str, row: TriggerRow, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
        """Let a trigger that waits for what was renamed wait for it by its new name; whether it does.

        A file that cannot be changed shows what is missing as its problem.
        """
        waits = (row.definition.get("settings") or {}).get("after") or []
        renamed = [{**each, **after} if before.items() <= each.items() else each for each in waits]
        if renamed != waits:
            with suppress(PenstockError):
                self._files.change(pipeline, row.name, {"settings": {"after": renamed}}, whole=False)
        return renamed != waits

    def run_now(self, number: int, variables: Mapping[str, Any]) -> str:
        """Ask for a run of a trigger, whether it is active or not; the run's name.

        Raises:
            TriggerNotFoundError: there is none of that number.
            StateUnavailableError: the store is away; nothing was asked.
        """

        def new(connection: sa.Connection) -> NewRun:
            row = self._found(connection, number)
            return NewRun(row.pipeline, "studio", variables=variables, trigger=row, options={"environment": "prod"})

        made = create_run(self._state, new, self._clock())
        self._made_here(made.id)
        self._notify(RUNS, made.id)
        return made.id

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
        self._following.changed(row.id, row.pipeline)
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

    def _followed(self, row: TriggerRow, name: str) -> set[str]:
        """Let the triggers that wait for one wait for it by its new name; the pipelines that have such."""
        with self._state.read() as connection:
            rows = self._state.triggers.all(connection)
        before = {"pipeline": row.pipeline, "trigger": row.name}
        return {each.pipeline for each in rows if self._waits_anew(each.pipeline, each, before, {"trigger": name})}

    def _revision(self, row: TriggerRow) -> str:
        try:
            return revision_of(self._files.read(row.pipeline), row.name)
        except PenstockError:
            return ""
