"""Triggers, as JSON. Times in seconds since the epoch; `start_time` as ISO text."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.server.schema.pipelines import RunMark
from penstock.server.schema.runs import RunSummary


class TriggerQuery(msgspec.Struct, frozen=True):
    """Which triggers to list: those that fit all that is given.

    `kind` is time, api, event or dependency; `state` is on, off, problem (it cannot start) or due (the clock starts it
    next); `q` are words of which each is found in its name, pipeline, schedule, description, tags or problem. `sort` is
    name (by pipeline and name) or next (what is on and broken, then what is due first). A page goes on
    `after` the `next` of the page before, or begins with the one of that number in the list, `skip`.
    """

    pipeline: str = ""
    kind: str = ""
    state: str = ""
    tag: str = ""
    q: str = ""
    sort: str = "name"
    limit: int = 100
    after: str = ""
    skip: int = 0


class TriggerSummary(msgspec.Struct, frozen=True):
    """A trigger in a list. `words` says when it starts runs, `problem` why it cannot; the newest of `runs` is last."""

    id: int
    pipeline: str
    name: str
    kind: str
    schedule: str
    words: str
    active: bool
    time_zone: str
    next: float | None
    last_run: RunSummary | None
    problem: str
    tags: list[str]
    description: str
    runs: list[RunMark]


class TriggerCounts(msgspec.Struct, frozen=True):
    """How many triggers there are: in the project, then of those that fit all that was asked for but the state."""

    everything: int
    found: int
    on: int
    off: int
    problem: int
    due: int


class TriggersRead(msgspec.Struct, frozen=True):
    """How many files of triggers have been read when a server has just been started, of how many; 0 when not known."""

    done: int
    total: int


class TriggerList(msgspec.Struct, frozen=True):
    """A page of triggers in their order, of `total` that fit what was asked for; `next` leads on, null at the end.

    `pipelines` and `tags` are those that the triggers of the project have, none where there are too many to choose
    from. `reading` is there while files are read for the first time: triggers are missing until that is done.
    """

    triggers: list[TriggerSummary]
    next: str | None
    total: int
    counts: TriggerCounts
    pipelines: list[str]
    tags: list[str]
    reading: TriggersRead | None = None


class TriggerDetail(TriggerSummary, frozen=True):
    """A trigger with all its settings; those that are not named have their defaults.

    `revision` is that of its entry, without its switch and its token, `url` where it is called and `curl` how,
    `token_set` whether anything may call it, `here` whether it is meant for this environment. `exact` has as JSON text
    those of its variables whose whole numbers are too large for a reader that takes every number for a double.
    """

    settings: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    sla: float | None = None
    start_time: str | None = None
    event_matchers: list[dict[str, Any]] = []
    envs: list[str] = []
    file: str = ""
    revision: str = ""
    url: str | None = None
    curl: str | None = None
    token_set: bool = False
    upcoming: list[float] = []
    here: bool = True
    exact: dict[str, str] = {}


class TriggerCreated(TriggerDetail, frozen=True):
    """A trigger that was made; `token` is told this once, and only its hash is kept."""

    token: str | None = None


class NewTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trigger to make, or to look at before it is made."""

    pipeline: str
    name: str
    kind: str = "time"
    active: bool = False
    schedule: str | None = None
    start_time: str | None = None
    variables: dict[str, Any] = {}
    sla: float | None = None
    description: str = ""
    tags: list[str] = []
    envs: list[str] = []
    event_matchers: list[dict[str, Any]] = []
    settings: dict[str, Any] = {}


class TriggerChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to set, by the names of `NewTrigger`; null takes a value out. Settings are changed one by one.

    `variables` sets some of its variables and `dropped` takes some out, by name; the others stay as they are written,
    where `variables` below `set` replaces all of them. With `revision`, the change is refused when the trigger has
    become another one since.
    """

    set: dict[str, Any]
    revision: str = ""
    variables: dict[str, Any] = {}
    dropped: list[str] = []


class TriggerPreview(msgspec.Struct, frozen=True):
    """When a trigger would start runs; `problem` says why it would not."""

    words: str
    upcoming: list[float]
    problem: str


class NewToken(msgspec.Struct, frozen=True):
    """A token, told this once."""

    token: str


class TriggerDeleted(msgspec.Struct, frozen=True):
    """What brings a trigger back, for a day; `name` is what it was called."""

    undo: str
    name: str


class RunNow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Variables of this run alone, over those of the trigger."""

    variables: dict[str, Any] = {}


class RunQueued(msgspec.Struct, frozen=True):
    """The name of a run that is to begin."""

    run: str


class CalendarQuery(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """Which time to look at, at most a year; by default the next week.

    The calendar has a lane for each trigger, those that start first on top; `after` is `next` of the page before.
    """

    since: float = 0.0
    until: float = 0.0
    limit: int = 50
    after: str = ""


class CalendarSlot(msgspec.Struct, frozen=True):
    """A run that is to begin."""

    trigger: int
    pipeline: str
    at: float


class CalendarLane(msgspec.Struct, frozen=True):
    """A trigger of the calendar; `words` say when it starts runs."""

    id: int
    pipeline: str
    name: str
    words: str


class Calendar(msgspec.Struct, frozen=True):
    """What triggers are to begin in a time: a page of them, those that start first on top; `next` leads on.

    `slots` are earliest first. `dense` are the triggers that have more than are told: they go on so to the end of the
    time; `truncated` when there is such a one, or another page. `total` is how many triggers start something before the
    end of the time.
    """

    triggers: list[CalendarLane]
    slots: list[CalendarSlot]
    truncated: bool
    dense: list[int]
    total: int
    next: str | None = None
