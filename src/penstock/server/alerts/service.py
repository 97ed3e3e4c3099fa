"""Alerts in the studio: listed from the store, their settings changed in the project's file, a test message sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from penstock.model.alert_words import mistakes_of, refuse_templates
from penstock.model.errors import EditRefusedError, PipelineNotFoundError, SettingInvalidError
from penstock.observe.alerts.delivery import deliver
from penstock.observe.alerts.facts import AlertKind, Fact, fact_or_none
from penstock.observe.alerts.posts import DeliveryError
from penstock.observe.alerts.sender import Sender
from penstock.observe.alerts.texts import worded
from penstock.project.layout import METADATA
from penstock.project.text_file import read_text
from penstock.project.yaml_edit import copy_data
from penstock.project.yaml_text import parse_yaml
from penstock.server.alerts.showing import shown_alert, shown_settings
from penstock.server.hub import Hub
from penstock.server.projects.parts import Parts
from penstock.server.projects.settings_form import change_settings
from penstock.server.schema.alerts import AlertList, AlertSettingsDetail, MuteDetail, MuteList, Tested
from penstock.state.mutes import Mute
from penstock.state.store import State

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST = 500
LONGEST_MUTE = 366 * 86_400.0
MOST_MUTES = 1000
_KEY = "notification_config"
_DEEPEST = 4
"""Steps of a key, such as message_templates.failure.title, and one to spare."""


class AlertService:
    """The alerts of one server.

    Args:
        parts: what changes files.
        state: the store.
        hub: told when an alert has changed.
        sender: who sends alerts; it tells here what it has done, and knows the settings of now.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        parts: Parts,
        state: State,
        hub: Hub,
        sender: Sender,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._parts = parts
        self._state = state
        self._hub = hub
        self._sender = sender
        self._clock = clock
        sender.told = self._told

    def list(self, limit: int, before: int | None) -> AlertList:
        """Alerts, newest first."""
        count = max(1, min(limit, LONGEST))
        with self._state.read() as connection:
            rows = self._state.alerts.recent(connection, count + 1, before=before)
        more = len(rows) > count
        return AlertList([shown_alert(row) for row in rows[:count]], rows[count - 1].id if more else None)

    def mutes(self) -> MuteList:
        """What is told to nobody for a while."""
        with self._state.read() as connection:
            found = self._state.mutes.all(connection, self._clock())
        return MuteList([MuteDetail(one.pipeline, one.block, one.until) for one in found])

    def mute(self, pipeline: str, block: str, until: float | None) -> MuteList:
        """Tell nobody of failures there until a time; None ends that.

        Raises:
            SettingInvalidError: the time is over, or further away than a year.
            EditRefusedError: as many are muted as can be.
            PipelineNotFoundError: there is no such pipeline.
        """
        now = self._clock()
        if until is not None:
            if pipeline not in self._parts.index.entries():
                raise PipelineNotFoundError(
                    f"muting pipeline {pipeline[:100]}: the project has none of that name", hint="Look at the list."
                )
            if not now < until <= now + LONGEST_MUTE:
                raise SettingInvalidError(
                    f"muting {block or pipeline}: the time is {'over' if until <= now else 'more than a year away'}",
                    hint="Name a time to come, within a year.",
                )
        with self._state.write() as connection:
            if until is None:
                self._state.mutes.end(connection, pipeline, block)
            else:
                self._mute(connection, Mute(pipeline, block, until), now)
        self._hub.publish_from_thread("project", {"type": "mutes_changed"})
        return self.mutes()

    def _mute(self, connection: sa.Connection, mute: Mute, now: float) -> None:
        known = self._state.mutes.all(connection, now)
        if len(known) >= MOST_MUTES and (mute.pipeline, mute.block) not in {(one.pipeline, one.block) for one in known}:
            raise EditRefusedError(
                f"muting {mute.block or mute.pipeline}: {MOST_MUTES:,} blocks and pipelines are muted already",
                hint="End some of them, or mute whole pipelines.",
            )
        self._state.mutes.put(connection, mute, now)

    def pipeline_moved(self, before: str, after: str) -> None:
        """Let mutes follow a pipeline to its new name. Raises StateUnavailableError."""
        self._follow(before, "", lambda mute: (after, mute.block))

    def block_moved(self, pipeline: str, before: str, after: str) -> None:
        """Let mutes follow a block to its new name. Raises StateUnavailableError."""
        self._follow(pipeline, before, lambda _: (pipeline, after))

    def _follow(self, pipeline: str, block: str, named: Callable[[Mute], tuple[str, str]]) -> None:
        now = self._clock()
        with self._state.read() as connection:
            muted = self._state.mutes.all(connection, now)
        concerned = [one for one in muted if one.pipeline == pipeline and (not block or one.block == block)]
        if not concerned:
            return
        with self._state.write() as connection:
            for mute in concerned:
                self._state.mutes.move(connection, mute, *named(mute), now)
        self._hub.publish_from_thread("project", {"type": "mutes_changed"})

    def settings(self) -> AlertSettingsDetail:
        """Whom the project tells about what; secrets only as set or not."""
        path = self._parts.root / METADATA
        file = read_text(path) if path.exists() else None
        data = parse_yaml(file.text, METADATA).data if file is not None else None
        config = data.get(_KEY) if isinstance(data, Mapping) else None
        return shown_settings(
            config if isinstance(config, Mapping) else {},
            self._sender.settings(""),
            file.revision if file is not None else "",
            self._sender.address(),
        )

    def change(self, changes: Mapping[str, Any], revision: str | None) -> AlertSettingsDetail:
        """Write keys below `notification_config`, dotted; None takes one out. What else stands there stays.

        Raises:
            SettingInvalidError: a key is none that can be written, or words now name a variable that there is not.
            ConflictError: the file is not of that revision.
        """
        path = self._parts.root / METADATA
        with self._parts.lock:
            data = copy_data(parse_yaml(read_text(path).text, METADATA).data) if path.exists() else {}
            config = data.get(_KEY) if isinstance(data, dict) else None
            config = config if isinstance(config, dict) else {}
            known = mistakes_of(config)
            for key, value in changes.items():
                _put(config, key, value)
            refuse_templates(config, known)
            change_settings(self._parts, {_KEY: config or None}, revision)
        return self.settings()

    def test(self, channel: str, pipeline: str) -> Tested:
        """Send a message to a channel now; what the other side said when it did not take it.

        Raises:
            SettingInvalidError: no such channel is set up.
        """
        settings = self._sender.settings(pipeline)
        found = next((each for each in settings.channels if each.key == channel), None)
        if found is None:
            known = ", ".join(each.key for each in settings.channels)
            problems = f" {settings.problems[0]}." if settings.problems else ""
            raise SettingInvalidError(
                f"testing the alert channel {channel[:40]!r}: it is not set up.{problems}",
                hint=f"Choose one of {known}." if known else f"Name one below {_KEY} in {METADATA}.",
            )
        fact = Fact(AlertKind.TEST, "", self._clock())
        key = f"penstock-test-{int(self._clock() * 1000)}"
        message = worded(
            fact, settings, incident=key, key=key, base=self._sender.address(), project=self._sender.project
        )
        try:
            deliver(message, found)
        except DeliveryError as error:
            return Tested(channel, sent=False, error=error.message)
        return Tested(channel, sent=True)

    def _told(self, number: int) -> None:
        with self._state.read() as connection:
            row = self._state.alerts.get(connection, number)
        if row is not None and fact_or_none(row.payload) is not None:
            self._hub.publish_from_thread("project", {"type": "alert", "alert": shown_alert(row)})


def _put(config: dict[str, Any], key: str, value: Any) -> None:
    steps = key.split(".")
    if not all(steps) or len(steps) > _DEEPEST:
        raise SettingInvalidError(f"changing {_KEY}: {key[:60]!r} is no key", hint="Such as slack_config.webhook_url.")
    for step in steps[:-1]:
        if not isinstance(config.get(step), dict):
            if value is None:
                return
            config[step] = {}
        config = config[step]
    if value is None:
        config.pop(steps[-1], None)
    else:
        config[steps[-1]] = value
