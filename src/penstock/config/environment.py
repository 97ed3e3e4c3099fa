"""The environment variables that Penstock reads, declared once; the only file that reads the environment.

A variable has one name and, where Mage calls it differently, aliases; the first that is set wins, and an empty value
counts as not set. Booleans are true for `1`, `true` and `t`, in any case, and false for everything that says no.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from penstock.model.errors import SettingInvalidError

MOST_MEMORY = 1 << 50
"""Bytes that a limit of memory may be at most: a petabyte, more than any machine has and less than systems count to."""


class Kind(StrEnum):
    """What the text of a variable is read as."""

    TEXT = "text"
    FLAG = "flag"
    INTEGER = "integer"
    NUMBER = "number"
    JSON = "JSON object"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable. `aliases` are looked up in order when `name` is not set.

    `least` and `most` bound a number.
    """

    name: str
    kind: Kind
    default: Any
    description: str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


VARIABLES: tuple[Variable, ...] = (
    Variable("PENSTOCK_DATA_DIR", Kind.TEXT, "", "Folder of data products, logs and caches.", ("MAGE_DATA_DIR",)),
    Variable("PENSTOCK_LOGS_DIR", Kind.TEXT, "", "Folder of logs, when not in the data folder.", ("LOGS_DIR_PATH",)),
    Variable("PENSTOCK_HOME", Kind.TEXT, "~/.penstock", "Folder of this installation: logins of the studio."),
    Variable(
        "DEFAULT_EXECUTOR_TYPE",
        Kind.TEXT,
        "",
        "Blocks run on this machine: of another executor, such as k8s, `run`, `start` and `check` warn.",
    ),
    Variable("ENV", Kind.TEXT, "dev", "Which environment this is: triggers that name others in `envs` do not start."),
    Variable("USER_CODE_PATH", Kind.TEXT, "", "Project that `penstock start` opens, where none is given."),
    Variable(
        "DATA_PREP_SERVER_PORT", Kind.INTEGER, 6789, "Port that `penstock start` listens on, where none is given."
    ),
    Variable("CUSTOM_TEMPLATES_DIRECTORY", Kind.TEXT, "custom_templates", "Folder of the project's own templates."),
    Variable("MAX_NUMBER_OF_FILE_VERSIONS", Kind.INTEGER, 100, "Earlier versions of a file that the studio keeps."),
    Variable(
        "SERVER_VERBOSITY",
        Kind.TEXT,
        "",
        "What a server tells of itself: debug, info, warning, error or critical; by default warnings.",
    ),
    Variable(
        "SERVER_LOGGING_FORMAT",
        Kind.TEXT,
        "",
        "How it tells it: plaintext, or json for a JSON object a line.",
        choices=("plaintext", "json"),
    ),
    Variable(
        "SERVER_LOGGING_TEMPLATE",
        Kind.TEXT,
        "",
        "A line of plaintext as Python's logging takes it, such as %(asctime)s %(levelname)s:%(name)s:%(message)s.",
    ),
    Variable(
        "PENSTOCK_READ_ONLY",
        Kind.TEXT,
        "0",
        "What the studio leaves out: 1: nobody changes or runs anything in it; 2: nothing is changed, blocks are run.",
        ("DISABLE_NOTEBOOK_EDIT_ACCESS",),
        choices=("0", "1", "2"),
    ),
    Variable("PENSTOCK_TERMINAL", Kind.TEXT, "on", "off: the studio offers no shell.", choices=("on", "off")),
    Variable("DISABLE_TERMINAL", Kind.FLAG, False, "As PENSTOCK_TERMINAL=off, by Mage's name."),
    Variable(
        "PENSTOCK_SHELL", Kind.TEXT, "", "Program of the studio's terminal; else that of SHELL.", ("SHELL_COMMAND",)
    ),
    Variable(
        "HIDE_ENV_VAR_VALUES",
        Kind.FLAG,
        True,
        "Hide values of variables such as DB_PASSWORD or API_TOKEN in what blocks print, log and fail with.",
    ),
    Variable("PENSTOCK_ALLOW_PICKLE", Kind.FLAG, False, "Store outputs that only pickle can store."),
    Variable(
        "PENSTOCK_BLOCK_MEMORY",
        Kind.INTEGER,
        0,
        "Megabytes of private memory that a block may take, where its run does not say; 0: no limit.",
        most=MOST_MEMORY >> 20,
    ),
    Variable(
        "PENSTOCK_READER_MEMORY",
        Kind.INTEGER,
        0,
        "Megabytes the studio may use to sort, filter and compare outputs; 0: half of the memory, at most 4096.",
    ),
    Variable(
        "RUN_PIPELINE_IN_ONE_PROCESS",
        Kind.FLAG,
        False,
        "All blocks of a run in one process, where a pipeline does not say.",
    ),
    Variable(
        "CONCURRENCY_CONFIG_BLOCK_RUN_LIMIT", Kind.INTEGER, 0, "Blocks of a run at once, where a pipeline does not say."
    ),
    Variable(
        "CONCURRENCY_CONFIG_PIPELINE_RUN_LIMIT",
        Kind.INTEGER,
        0,
        "Runs of a trigger at once, where neither trigger nor pipeline says.",
    ),
    Variable(
        "DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS",
        Kind.INTEGER,
        0,
        "Children of one block at most, when its upstream is dynamic; 0: 100,000.",
        least=0,
    ),
    Variable(
        "DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS_BEHAVIOR",
        Kind.TEXT,
        "fail",
        "What happens beyond that limit: the block fails, or only the first children run.",
        choices=("fail", "limit"),
    ),
    Variable(
        "DYNAMIC_BLOCKS_MAX_CONCURRENT_CHILD_BLOCKS",
        Kind.INTEGER,
        0,
        "Children of one block at once; 0: as many as blocks of a run.",
        least=0,
    ),
    Variable(
        "PROJECT_TYPE",
        Kind.TEXT,
        "",
        "Type of a new project.",
        choices=("standalone", "main", "sub"),
    ),
    Variable("CLUSTER_TYPE", Kind.TEXT, "", "Where a new main project creates its workspaces."),
    Variable("PROJECT_UUID", Kind.TEXT, "", "Id of a new project; random when not set."),
    Variable("INITIAL_METADATA", Kind.JSON, {}, "Settings merged into the metadata.yaml of a new project."),
    Variable(
        "PENSTOCK_DATABASE_URL",
        Kind.TEXT,
        "",
        "Address of the state database; default: state.db in the data folder.",
        ("MAGE_DATABASE_CONNECTION_URL",),
    ),
    Variable("DB_USER", Kind.TEXT, "", "With DB_PASS, DB_HOST and DB_NAME: a PostgreSQL for the state."),
    Variable("DB_PASS", Kind.TEXT, "", "Its password."),
    Variable("DB_HOST", Kind.TEXT, "", "Its host."),
    Variable("DB_PORT", Kind.INTEGER, 5432, "Its port."),
    Variable("DB_NAME", Kind.TEXT, "", "Its database."),
    Variable(
        "MAGE_DATABASE_APPLICATION_NAME", Kind.TEXT, "penstock", "Name of our connections in the list of the server."
    ),
    Variable("MAGE_DATABASE_POOL_SIZE", Kind.INTEGER, 5, "Connections that are kept open to a database server."),
    Variable("MAGE_DATABASE_MAX_OVERFLOW", Kind.INTEGER, 10, "Connections beyond those, for as long as needed."),
    Variable("MAGE_DATABASE_POOL_TIMEOUT", Kind.INTEGER, 10, "Seconds to wait for a free connection."),
    Variable("MAGE_DATABASE_POOL_RECYCLE", Kind.INTEGER, 1800, "Seconds after which a connection is renewed."),
    Variable(
        "MAGE_DATABASE_IDLE_IN_TRANSACTION_SESSION_TIMEOUT_MS",
        Kind.INTEGER,
        120_000,
        "Milliseconds after which PostgreSQL ends a transaction in which nothing happens; 0: never.",
    ),
    Variable("MAGE_DATABASE_LOCK_TIMEOUT_MS", Kind.INTEGER, 0, "Milliseconds to wait for a lock; 0: for ever."),
    Variable("MAGE_DATABASE_STATEMENT_TIMEOUT_MS", Kind.INTEGER, 0, "Milliseconds a statement may take; 0: any time."),
    Variable(
        "INSTANCE_TYPE",
        Kind.TEXT,
        "",
        "What `penstock start` starts, over --instance-type.",
        choices=("all", "server", "scheduler", "server_and_scheduler", "web_server"),
    ),
    Variable(
        "SCHEDULER_TRIGGER_INTERVAL",
        Kind.INTEGER,
        0,
        "Seconds between two looks of a scheduler without a server at the files of triggers, beside the changes that "
        "the system tells; 0: none. For network folders, whose changes no system tells.",
    ),
    Variable("PENSTOCK_FAILPOINTS", Kind.TEXT, "", "For tests: places at which the scheduler kills its own process."),
    Variable(
        "PENSTOCK_PUBLIC_URL",
        Kind.TEXT,
        "",
        "Address of the studio in alerts, such as https://penstock.example.com; default: where it listens.",
        ("MAGE_PUBLIC_HOST",),
    ),
    Variable(
        "PENSTOCK_BASE_PATH",
        Kind.TEXT,
        "",
        "Path below which the studio is served, such as /penstock, where --base-path does not say.",
        ("MAGE_BASE_PATH",),
    ),
    Variable(
        "MAGE_REQUESTS_BASE_PATH",
        Kind.TEXT,
        "",
        "What addresses begin with in a browser, where a proxy takes it away before a request arrives.",
    ),
    Variable(
        "MAGE_ROUTES_BASE_PATH",
        Kind.TEXT,
        "",
        "What paths begin with when they arrive, where a proxy adds it.",
    ),
    Variable("DISABLE_AUTO_BROWSER_OPEN", Kind.FLAG, False, "As `penstock start --no-browser`."),
    Variable("AZURE_KEY_VAULT_URL", Kind.TEXT, "", "Vault that azure_secret_var reads from."),
    Variable("AWS_REGION_NAME", Kind.TEXT, "", "Region that aws_secret_var reads from.", ("AWS_DEFAULT_REGION",)),
)
"""Every variable that this version honours, in the order of the reference page."""

_BY_NAME = {variable.name: variable for variable in VARIABLES}
_TRUE = frozenset({"1", "true", "t"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})

Environ = Mapping[str, str]


def read(name: str, environ: Environ | None = None) -> Any:
    """The value of a declared variable, as its kind; its default when it is not set.

    Args:
        name: the name in `VARIABLES`.
        environ: where to look instead of this process's environment.

    Raises:
        SettingInvalidError: the value has another kind or is none of the choices.
        KeyError: the variable is not declared.
    """
    variable = _BY_NAME[name]
    source = os.environ if environ is None else environ  # noqa: TID251 - this is the file
    for key in (variable.name, *variable.aliases):
        text = source.get(key, "").strip()
        if text:
            return _parse(variable, key, text)
    return variable.default


def text(name: str, environ: Environ | None = None) -> str:
    """The value of a declared variable of kind text. Raises as `read`."""
    return str(read(name, environ))


def home() -> Path:
    """The folder of this installation."""
    return Path(os.path.expanduser(text("PENSTOCK_HOME")))  # noqa: PTH111 - Path.expanduser raises without home


def flag(name: str, environ: Environ | None = None) -> bool:
    """The value of a declared variable of kind flag. Raises as `read`."""
    return bool(read(name, environ))


def lookup(name: str) -> str | None:
    """The raw text of any variable, declared or not: for templates and secrets, which name their own."""
    try:
        return os.environ.get(name)  # noqa: TID251 - this is the file
    except (ValueError, UnicodeError):
        return None


def snapshot() -> dict[str, str]:
    """A copy of the whole environment, to start a process with."""
    return dict(os.environ)  # noqa: TID251 - this is the file


def tell_blocks(project: str) -> None:
    """Set what block code may ask the environment for: its project's folder, by Mage's names."""
    os.environ["MAGE_REPO_PATH"] = os.environ["MAGE_RUNTIME__REPO_PATH"] = project  # noqa: TID251 - this is the file


def parse_flag(text: str, *, name: str) -> bool:
    """Whether a text says yes.

    Raises:
        SettingInvalidError: it says neither yes nor no.
    """
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise SettingInvalidError(
        f"reading {name}: {text[:40]!r} is neither true nor false", hint="Write 1, true or t; or 0, false or f."
    )


def _parse(variable: Variable, key: str, text: str) -> Any:
    where = f"the environment variable {key}"
    match variable.kind:
        case Kind.FLAG:
            return parse_flag(text, name=where)
        case Kind.INTEGER | Kind.NUMBER:
            number = _parse_number(variable.kind, where, text)
            if variable.least is not None and number < variable.least:
                raise SettingInvalidError(
                    f"reading {where}: {text[:40]} is below {variable.least}", hint="Correct or unset the variable."
                )
            if variable.most is not None and number > variable.most:
                raise SettingInvalidError(
                    f"reading {where}: {text[:40]} is above {variable.most}", hint="Correct or unset the variable."
                )
            return number
        case Kind.JSON:
            return _parse_json(where, text)
        case Kind.TEXT:
            if variable.choices and text not in variable.choices:
                raise SettingInvalidError(
                    f"reading {where}: {text[:40]!r} is not one of {', '.join(variable.choices)}",
                    hint="Choose one of them, or unset the variable.",
                )
            return text


def _parse_number(kind: Kind, where: str, text: str) -> float:
    try:
        return int(text) if kind is Kind.INTEGER else float(text)
    except ValueError:
        raise SettingInvalidError(
            f"reading {where}: {text[:40]!r} is not {'an integer' if kind is Kind.INTEGER else 'a number'}",
            hint="Correct or unset the variable.",
        ) from None


def _parse_json(where: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SettingInvalidError(f"reading {where}: it is not a JSON object", hint='Write it as {"key": "value"}.')
    return value
