"""The keys of a project's metadata.yaml, each declared once.

Reading is tolerant: a value of the wrong type gives a problem and the default, an unknown key is kept in `raw`. The
reference page, the editor's form and the reader all come from the fields below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import Field, dataclass, field, fields
from typing import Any

from penstock.config.durations import parse_duration
from penstock.config.environment import parse_flag
from penstock.config.sizes import parse_size
from penstock.model.errors import SettingInvalidError

TEXT, FLAG, INTEGER, NUMBER, DURATION, MAP, FLAGS = "text", "flag", "integer", "number", "duration", "map", "flags"
SIZE = "size"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""Levels of logs, the least severe first."""


def _key(kind: str, default: Any, description: str, *, choices: tuple[str, ...] = (), secret: bool = False) -> Any:
    about = {"kind": kind, "description": description, "choices": choices, "secret": secret}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that could not be used: the path of its key, the cause, the next action."""

    path: tuple[str, ...]
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """How often a failed block is tried again; delays in seconds."""

    retries: int = _key(INTEGER, 0, "Attempts after the first one.")
    delay: float = _key(NUMBER, 5.0, "Seconds before the second attempt.")
    max_delay: float = _key(NUMBER, 60.0, "Seconds that all delays of a block together stay below.")
    exponential_backoff: bool = _key(FLAG, True, "Whether each delay is twice the one before.")


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """How many blocks run at once in one server."""

    queue_type: str = _key(TEXT, "process", "The kind of queue; read and kept.", choices=("process", "celery"))
    concurrency: int = _key(
        INTEGER, 20, "Blocks of all scheduled runs at the same time, in one server or scheduler; read when it starts."
    )
    process_queue_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept: a queue needs no other service.")


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """Where logs go and how long they stay."""

    type: str = _key(TEXT, "file", "Where logs are written.", choices=("file", "s3", "gcs"))
    level: str = _key(TEXT, "INFO", "The least severe level that is kept.", choices=LEVELS)
    retention_period: str | None = _key(DURATION, None, "Age at which logs are removed, for example 30d.")
    retention_size: str | None = _key(SIZE, None, "Size beyond which the logs of the oldest runs are removed: 10GB.")
    destination_config: Mapping[str, Any] = _key(MAP, {}, "Bucket, prefix and credentials for s3 and gcs.", secret=True)


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The settings of one project. `raw` is the whole file as read, unknown keys included."""

    project_type: str = _key(TEXT, "standalone", "Type of the project.", choices=("standalone", "main", "sub"))
    project_uuid: str = _key(TEXT, "", "Id of the project, written once.")
    cluster_type: str = _key(TEXT, "", "Where a main project creates its workspaces; read and kept.")
    variables_dir: str = _key(TEXT, "", "Data folder on this machine; relative to the project, or absolute.")
    remote_variables_dir: str = _key(TEXT, "", "Read and kept: outputs are stored on this machine only.")
    variables_retention_period: str | None = _key(DURATION, None, "Age at which old outputs are removed: 90d, 12h, 3w.")
    run_retention_period: str | None = _key(DURATION, None, "Age at which ended runs leave the list of runs: 365d.")
    run_retention_count: int = _key(INTEGER, 0, "How many of the newest runs the list of runs keeps; 0: all.")
    logo: str = _key(TEXT, "", "Picture in the corner of the studio: the path of an image file in the project.")
    notification_config: Mapping[str, Any] = _key(MAP, {}, "Whom to tell about failed, late and successful runs.")
    retry_config: RetryConfig = field(default_factory=RetryConfig, metadata={"description": "Retries of blocks."})
    queue_config: QueueConfig = field(default_factory=QueueConfig, metadata={"description": "The queue of a server."})
    concurrency_config: Mapping[str, Any] = _key(MAP, {}, "Limits on runs and blocks at the same time.")
    logging_config: LoggingConfig = field(default_factory=LoggingConfig, metadata={"description": "Logs."})
    k8s_executor_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept: blocks run on this machine only.")
    ecs_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept, as k8s_executor_config.")
    gcp_cloud_run_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept, as k8s_executor_config.")
    azure_container_instance_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept, as k8s_executor_config.")
    emr_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept, as k8s_executor_config.")
    spark_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept: there is no Spark session.")
    features: Mapping[str, bool] = _key(FLAGS, {}, "Optional features, each on or off; read and kept.")
    pipelines: Mapping[str, Any] = _key(
        MAP, {}, "Settings of all pipelines, such as whether triggers are saved in code."
    )
    settings_backend: Mapping[str, Any] = _key(MAP, {}, "Read and kept: settings are read from no other service.")
    ai_config: Mapping[str, Any] = _key(MAP, {}, "Language models that help writing code; read and kept.", secret=True)
    openai_api_key: str = _key(TEXT, "", "Key of the OpenAI API; read and kept.", secret=True)
    ldap_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept: there is no sign-in through LDAP.", secret=True)
    workspace_initial_metadata: Mapping[str, Any] = _key(MAP, {}, "Settings of new workspaces; read and kept.")
    workspace_config_defaults: Mapping[str, Any] = _key(MAP, {}, "Defaults of workspaces; read and kept.")
    help_improve_mage: bool = _key(FLAG, False, "Read and kept; Penstock sends nothing either way.")
    state_store_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept.")
    rag_config: Mapping[str, Any] = _key(MAP, {}, "Read and kept.")
    overrides: Mapping[str, Any] = _key(MAP, {}, "Settings per environment; read and kept.")
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def log_retention_period(self) -> str | None:
        """Age at which logs are removed, as written; None to keep them."""
        return self.logging_config.retention_period

    @property
    def save_triggers_in_code(self) -> bool:
        """Whether new and edited triggers are written to triggers.yaml."""
        node: Any = self.pipelines
        for key in ("settings", "triggers", "save_in_code_automatically"):
            node = node.get(key) if isinstance(node, Mapping) else None
        return node is True


_SECTIONS: dict[str, type[Any]] = {
    "retry_config": RetryConfig,
    "queue_config": QueueConfig,
    "logging_config": LoggingConfig,
}


def read_settings(data: Mapping[str, Any]) -> tuple[ProjectSettings, list[Problem]]:
    """Settings from the parsed file, and what in it could not be used. Text values are trimmed."""
    problems: list[Problem] = []
    settings: ProjectSettings = _read(ProjectSettings, data, (), problems)
    return settings, problems


def declared_keys(section: type[Any] = ProjectSettings) -> Iterator[tuple[str, Field[Any]]]:
    """The declared keys, dotted, with their fields; sections are followed. For the reference page."""
    for item in fields(section):
        if item.name in _SECTIONS and section is ProjectSettings:
            for name, inner in declared_keys(_SECTIONS[item.name]):
                yield f"{item.name}.{name}", inner
        elif item.name != "raw":
            yield item.name, item


def _read(section: type[Any], data: Mapping[str, Any], path: tuple[str, ...], problems: list[Problem]) -> Any:
    values: dict[str, Any] = {}
    for item in fields(section):
        if item.name == "raw":
            values["raw"] = data
            continue
        given = data.get(item.name)
        if given is None:
            continue
        where = (*path, item.name)
        if item.name in _SECTIONS and section is ProjectSettings:
            if isinstance(given, Mapping):
                values[item.name] = _read(_SECTIONS[item.name], given, where, problems)
            else:
                problems.append(_wrong(where, given, "a map"))
            continue
        try:
            values[item.name] = _convert(item, given)
        except SettingInvalidError as error:
            problems.append(Problem(where, f"{'.'.join(where)}: {error.message}", error.hint))
    return section(**values)


def _convert(item: Field[Any], given: Any) -> Any:
    kind, choices = item.metadata["kind"], item.metadata["choices"]
    match kind:
        case "map" | "flags":
            return _map(given, flags=kind == FLAGS)
        case "flag":
            return given if isinstance(given, bool) else parse_flag(str(given), name="its value")
        case "integer" | "number":
            return _number(given, whole=kind == INTEGER)
        case _:
            return _text(kind, given, choices)


def _map(given: Any, *, flags: bool) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise SettingInvalidError(f"it is {_name(given)} where a map is expected", hint="Write keys below it.")
    if flags:
        return {str(key): value is True or str(value).lower() in {"1", "true", "t"} for key, value in given.items()}
    return given


def _number(given: Any, *, whole: bool) -> float:
    wanted = "an integer" if whole else "a number"
    value = None
    if isinstance(given, int | float | str) and not isinstance(given, bool):
        with suppress(ValueError, OverflowError):
            value = float(given)
    if value is None or not 0 <= value < 2**53 or (whole and not value.is_integer()):
        raise SettingInvalidError(
            f"it is {_name(given)} where {wanted} is expected", hint="Write a number that is not negative."
        )
    return int(value) if whole else value


def _text(kind: str, given: Any, choices: tuple[str, ...]) -> str | None:
    if isinstance(given, Mapping | list):
        raise SettingInvalidError(f"it is {_name(given)} where text is expected", hint="Write one value.")
    text = str(given).strip()
    if kind in {DURATION, SIZE}:
        if not text or text == "None":
            return None
        parse = parse_duration if kind == DURATION else parse_size
        parse(text, name="its value")
    if choices and text:
        for choice in choices:
            if choice.lower() == text.lower():
                return choice
        raise SettingInvalidError(
            f"{text[:40]!r} is not one of {', '.join(choices)}", hint="Choose one of them; the default is used now."
        )
    return text


def _wrong(where: tuple[str, ...], given: Any, wanted: str) -> Problem:
    return Problem(
        where, f"{'.'.join(where)}: it is {_name(given)} where {wanted} is expected", "The default is used now."
    )


def _name(given: Any) -> str:
    match given:
        case Mapping():
            return "a map"
        case list():
            return "a list"
        case _:
            return repr(given)[:40]
