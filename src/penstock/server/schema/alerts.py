"""Alerts, the monitor, log search and health as JSON. Times in seconds since the epoch."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.server.schema.runs import RunChoice


class AlertQuery(msgspec.Struct, frozen=True):
    """Which alerts to list; `before` is `next` of the page before."""

    limit: int = 100
    before: int | None = None


class DeliveryDetail(msgspec.Struct, frozen=True):
    """How the message to one channel stands: sent, pending (tried again) or failed (given up)."""

    channel: str
    state: str
    sent: float | None
    attempts: int
    error: str


class AlertDetail(msgspec.Struct, frozen=True):
    """An alert: kind is failure, success, passed_sla, recovery or trigger.

    `state` is pending, sent, failed, muted, or kept (no channel is to hear of it); `text` says in a sentence what is
    wrong, `place` names the user's line. `repeats` counts what came after the first; `closed` is when it was over.
    """

    id: int
    kind: str
    incident: str
    pipeline: str
    state: str
    at: float
    closed: float | None = None
    run: str | None = None
    first_run: str | None = None
    trigger: str = ""
    block: str = ""
    text: str = ""
    place: str = ""
    hint: str = ""
    repeats: int = 0
    last: float = 0.0
    attempts: int = 0
    due: float | None = None
    error: str = ""
    muted_until: float | None = None
    deliveries: list[DeliveryDetail] = []


class AlertList(msgspec.Struct, frozen=True):
    """Alerts, newest first."""

    alerts: list[AlertDetail]
    next: int | None


class MuteDetail(msgspec.Struct, frozen=True):
    """What is told to nobody until a time: failures at a block, or, without one, anything of the pipeline."""

    pipeline: str
    block: str
    until: float


class MuteList(msgspec.Struct, frozen=True):
    """What is muted now, the one that ends first first."""

    mutes: list[MuteDetail]


class NewMute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to mute, and until when in seconds since the epoch; null ends it."""

    pipeline: str
    block: str = ""
    until: float | None = None


class ChannelField(msgspec.Struct, frozen=True):
    """A setting of a channel; `value` is None for a secret that stands in the file itself."""

    key: str
    kind: str
    description: str
    set: bool
    value: Any


class ChannelDetail(msgspec.Struct, frozen=True):
    """A kind of channel: whether the file has it, the keys of those that work, and the hosts that they call."""

    kind: str
    set: bool
    keys: list[str]
    hosts: list[str]
    fields: list[ChannelField]


class AlertSettingsDetail(msgspec.Struct, frozen=True):
    """Whom the project tells about what. `problems` say what of it cannot be used; `variables` are for templates."""

    alert_on: list[str]
    occasions: list[str]
    channels: list[ChannelDetail]
    templates: Any
    variables: list[str]
    repeat_after: float
    address: str
    problems: list[str]
    file: str
    revision: str


class AlertChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys below notification_config to write, dotted, such as slack_config.webhook_url; null takes one out."""

    set: dict[str, Any]
    revision: str | None = None


class AlertTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The channel to send a test message to, by its key; of the pipeline's settings where one is named."""

    channel: str
    pipeline: str = ""


class Tested(msgspec.Struct, frozen=True):
    """Whether the other side took the message, and what it said when not."""

    channel: str
    sent: bool
    error: str = ""


class MonitorQuery(msgspec.Struct, frozen=True):
    """Which runs: of the last days, today among them, in UTC."""

    pipeline: str = ""
    days: int = 14


class HourQuery(RunChoice, frozen=True):
    """Which runs to count, as the list of runs is asked; of the last days, in whole hours."""

    days: int = 7


class HourOfRuns(msgspec.Struct, frozen=True):
    """The runs that were made in an hour, by the state that they are in now."""

    at: float
    runs: dict[str, int]


class HoursPage(msgspec.Struct, frozen=True):
    """Runs by hour, oldest first; hours without any are left out."""

    since: float
    until: float
    hours: list[HourOfRuns]


class DayOfRuns(msgspec.Struct, frozen=True):
    """The runs that ended on a day: how many by state, and how long those that completed took (to within 5 %).

    `begun` of them were runs of triggers, `wait_mean` and `wait_most` the seconds by which these began later than due,
    and `sla_missed` those that were not done when they should have been.
    """

    day: str
    at: float
    runs: dict[str, int]
    p50: float | None
    p95: float | None
    begun: int = 0
    wait_mean: float | None = None
    wait_most: float | None = None
    sla_missed: int = 0


class PipelineFigures(msgspec.Struct, frozen=True):
    """A pipeline's runs. `wait_mean` and `wait_most` are seconds by which runs of triggers began later than due."""

    pipeline: str
    runs: dict[str, int]
    p50: float | None
    p95: float | None
    begun: int
    wait_mean: float | None
    wait_most: float | None
    sla_missed: int


class FailurePlace(msgspec.Struct, frozen=True):
    """Where runs failed: how often, and the newest of them."""

    pipeline: str
    block: str | None
    count: int
    run: str
    at: float | None
    error: str


class MonitorPage(msgspec.Struct, frozen=True):
    """What happened lately."""

    since: float
    until: float
    days: list[DayOfRuns]
    pipelines: list[PipelineFigures]
    failures: list[FailurePlace]
    waiting: int
    running: int
    incidents: int


class ProjectLogQuery(msgspec.Struct, frozen=True):
    """Which lines of all logs; `since` and `until` in seconds since the epoch, `before` is `next` of another page."""

    pipeline: str = ""
    run: str = ""
    block: str = ""
    level: str = ""
    q: str = ""
    since: float | None = msgspec.field(default=None, name="from")
    until: float | None = msgspec.field(default=None, name="to")
    before: str = ""
    limit: int = 200


class ProjectLogEntry(msgspec.Struct, frozen=True):
    """One line, and whose it is."""

    at: float
    level: str
    pipeline: str
    run: str
    block: str
    stream: str
    text: str


class ProjectLogLines(msgspec.Struct, frozen=True):
    """Lines, newest first; `next` leads on, empty when that was all. A page may be short, or empty, and go on.

    `newest` and `oldest` are the times of the first and of the last line that was looked at, found or not.
    """

    lines: list[ProjectLogEntry]
    next: str
    newest: float | None
    oldest: float | None


class PartHealth(msgspec.Struct, frozen=True):
    """Whether a part works: ok, down, or off where it is not meant to run; `seconds` since it last did something.

    `text` says in a sentence or two what is wrong, without names of places: everybody may read it.
    """

    status: str
    seconds: float | None = None
    text: str = ""


class Alive(msgspec.Struct, frozen=True):
    """That the process answers."""

    status: str = "ok"


class Health(msgspec.Struct, frozen=True):
    """Whether the server works: ok, or down where the database or the scheduler does not."""

    status: str
    scheduler: PartHealth
    database: PartHealth


class InstanceStatus(msgspec.Struct, frozen=True):
    """A server as Mage tells of one. The project's place is told to those who may see it."""

    is_instance_manager: bool
    instance_type: str
    scheduler_status: str
    project_type: str
    project_uuid: str | None
    repo_path: str | None
    require_user_authentication: bool
    disable_pipeline_edit_access: bool


class Statuses(msgspec.Struct, frozen=True):
    """The one server, in a list."""

    statuses: list[InstanceStatus]
