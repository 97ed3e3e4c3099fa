"""The project as a whole: what it is, its settings, search, undo."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.server.schema.alerts import PartHealth
from penstock.server.schema.runs import RunSummary


class Features(msgspec.Struct, frozen=True):
    """What this installation can do."""

    terminal: bool
    language_server: bool
    formatter: bool
    git: bool


class ProjectInfo(msgspec.Struct, frozen=True):
    """The open project, the program, and what the caller may do.

    `logo` stamps the picture at /api/project/logo; empty when there is none.
    """

    name: str
    root: str
    version: str
    python: str
    platform: str
    project_uuid: str
    features: Features
    logo: str
    timezone: str
    permissions: list[str]


class SecretNames(msgspec.Struct, frozen=True):
    """The secrets that blocks can ask for, by name; their values are told to nobody."""

    names: list[str]
    prefix: str


class SettingDetail(msgspec.Struct, frozen=True):
    """One declared setting. `set` tells that the file has it; a secret has no value here, only whether it is set.

    `used` tells whether anything here acts on it; the others are read and kept, as projects have them.
    """

    key: str
    title: str
    description: str
    kind: str
    value: Any
    default: Any
    set: bool
    choices: list[str] = []
    secret: bool = False
    used: bool = False


class EnvironmentDetail(msgspec.Struct, frozen=True):
    """A variable of the environment that Penstock reads, and whether it is set; values are not told."""

    name: str
    description: str
    set: bool


class Settings(msgspec.Struct, frozen=True):
    """The settings of the project, as a form shows them."""

    settings: list[SettingDetail]
    file: str
    revision: str
    environment: list[EnvironmentDetail]


class SettingChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings to write; None takes a setting out of the file."""

    set: dict[str, Any]
    revision: str | None = None


class SearchQuery(msgspec.Struct, frozen=True):
    """What to look for."""

    q: str
    limit: int = 40


class SearchItem(msgspec.Struct, frozen=True):
    """Something that was found; `kind` is pipeline, block, file, product, template or text."""

    kind: str
    title: str
    detail: str
    pipeline: str | None = None
    block: str | None = None
    path: str | None = None
    line: int | None = None


class SearchResult(msgspec.Struct, frozen=True):
    """What was found, names first."""

    items: list[SearchItem]


class Attention(msgspec.Struct, frozen=True):
    """Something that somebody should look at; `kind` is failed_block, unreadable or interrupted_run.

    `pipeline` is empty where it is the project itself; `file`, where set, is the file to mend. `muted_until` is set
    where somebody has said that they know.
    """

    kind: str
    pipeline: str
    message: str
    at: float
    block: str | None = None
    run: str | None = None
    file: str | None = None
    muted_until: float | None = None


class RecentEdit(msgspec.Struct, frozen=True):
    """A file that was written lately; `at` in seconds since the epoch."""

    path: str
    at: float
    pipeline: str | None = None
    block: str | None = None


class Counts(msgspec.Struct, frozen=True):
    """How many there are; `errors` and `warnings` are None while a large project is checked for the first time."""

    pipelines: int
    blocks: int
    products: int
    errors: int | None
    warnings: int | None


class Home(msgspec.Struct, frozen=True):
    """What needs somebody now, and what happened lately."""

    attention: list[Attention]
    running: list[RunSummary]
    recent_runs: list[RunSummary]
    recent_edits: list[RecentEdit]
    counts: Counts
    scheduler: PartHealth
