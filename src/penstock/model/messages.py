"""The only things that cross between the control side and a worker: two closed families of messages.

`ToWorker` goes down, `FromWorker` comes up. The wire form (engine.channel) is a version byte, the message's tag and its
fields in MessagePack; an unknown tag, field type or version is an error, never ignored. Adding a message or a field
raises `WIRE_VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from penstock.model.product import Fence, Items, Lineage, OutputSummary, ProductRef

WIRE_VERSION = 11
_LATEST = 253_402_300_799.0
"""The last second of the calendar of dates, since the epoch."""
_MOST_BYTES = 2**62


@dataclass(frozen=True, slots=True)
class BlockOrder:
    """The block to run: what the worker needs of its entry. `source` replaces the file's content when it is set.

    `outside` is the path of its file when that leaves the project; there is no `file` then.
    """

    uuid: str
    name: str
    type: str
    language: str
    file: str | None
    source: str | None
    upstream: tuple[str, ...]
    configuration: dict[str, Any]
    outside: str = ""


@dataclass(frozen=True, slots=True)
class InputOrder:
    """One upstream of the block, in argument order, pinned to a version. `ref` is None when it has no output.

    `type`, `language` and `configuration` are those of the upstream block: a SQL block reads from them where the
    upstream's table lies. With `item` the argument is that item of a dynamic block's output; with `parts` it is the
    list of what so many children have published. `units` names who published: the block, or those children.
    """

    block: str
    ref: ProductRef | None
    type: str = ""
    language: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    item: int | None = None
    parts: tuple[ProductRef | None, ...] | None = None
    units: tuple[str, ...] = ()

    def refs(self) -> tuple[ProductRef, ...]:
        """Every version that is read."""
        found = (self.ref,) if self.parts is None else self.parts
        return tuple(ref for ref in found if ref is not None)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one attempt: `memory` in bytes of private memory, `seconds` of wall time; None is no bound."""

    memory: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback; `own` is true for a file of the project."""

    file: str
    line: int
    function: str
    text: str
    own: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, cut to what its user can act on.

    `kind` is the exception's class name or one of `killed`, `timeout`, `memory`, `interrupted`, `lost`;
    `condition` is no failure: it tells which condition left the block out.
    """

    kind: str
    message: str
    hint: str = ""
    code: str = "X101"
    frames: tuple[Frame, ...] = ()
    traceback: str = ""


class CallbackStatus(StrEnum):
    """After what a callback runs."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A block has ended without its process: only its callbacks for that are to run."""

    status: CallbackStatus
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """The complete, serialisable instruction for one attempt.

    `variables` are the values of the user (pipeline, trigger, run), `builtins` those that the engine adds (dates as
    ISO 8601 text under `datetimes`). `data_root` is the root folder of the product store. With
    `keep_in_memory` a result that cannot be stored is handed to later blocks of the same process instead. An
    `interactive` order runs nothing by itself: the process becomes a session that carries out `Execute` after `Execute`
    in one namespace, until it is told to shut down.

    `conditions` are asked before the block runs, `callbacks` run after it; with `aftermath` they alone run. A `dynamic`
    block says what its children are to be; with `stream` each part that it yields is read as what a function returns,
    and with `tell_parts` children begin as soon as one is stored. `child` is the label of a child, empty for the block
    itself. `remote_blocks` name blocks of other pipelines (`pipeline_uuid`, `block_uuid`, `execution_partition`) whose
    outputs it is handed.
    `stored_in` is the partition that its own outputs go to, where that is another one than it reads from. `deferred`
    says that whoever ordered it forces its outputs to the disk.
    """

    run: str
    attempt: int
    fence: Fence
    project: str
    project_name: str
    data_root: str
    pipeline: str
    partition: str
    block: BlockOrder
    inputs: tuple[InputOrder, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    builtins: dict[str, Any] = field(default_factory=dict)
    datetimes: dict[str, str] = field(default_factory=dict)
    run_tests: bool = True
    limits: Limits = Limits()
    allow_pickle: bool = False
    keep_in_memory: bool = False
    interactive: bool = False
    conditions: tuple[BlockOrder, ...] = ()
    callbacks: tuple[BlockOrder, ...] = ()
    aftermath: Aftermath | None = None
    dynamic: bool = False
    stream: bool = False
    tell_parts: bool = False
    child: str = ""
    remote_blocks: tuple[dict[str, Any], ...] = ()
    stored_in: str = ""
    deferred: bool = False

    @property
    def key(self) -> str:
        """The block or child, as the run and the store call it."""
        return f"{self.block.uuid}:{self.child}" if self.child else self.block.uuid


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to an `Ask` with the same id: a value, or an error in words with its code."""

    ask: int
    value: Any = None
    error: str | None = None
    hint: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Execute:
    """Run code in the namespace of the session; `cell` is what its tracebacks call it."""

    execution: str
    code: str
    cell: str


@dataclass(frozen=True, slots=True)
class Inspect:
    """Ask a session what it holds: completions of `code` at `cursor` (characters), or its variables without code.

    It is answered beside the code that runs.
    """

    request: int
    code: str | None = None
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Shutdown:
    """No further order will come; the worker ends."""


class AskKind(StrEnum):
    """What a worker may request of the control side."""

    SECRET = "secret"  # noqa: S105 - the name of a request, not a password
    TRIGGER_PIPELINE = "trigger_pipeline"
    RUN = "run"
    DATA_PRODUCT = "data_product"
    RUN_STATUS = "run_status"
    GET_VARIABLE = "get_variable"
    SET_VARIABLE = "set_variable"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of user code that only the control side can answer; the worker waits for the `Answer`."""

    id: int
    kind: AskKind
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker is up and waits for an order."""

    pid: int
    python: str


@dataclass(frozen=True, slots=True)
class Started:
    """User code is about to run; `at` is seconds since the epoch."""

    at: float

    def __post_init__(self) -> None:
        """Refuse what no clock says."""
        _within(self.at, _LATEST)


@dataclass(frozen=True, slots=True)
class Log:
    """One record of the block's logger. Text that it prints comes through the captured stdout and stderr instead."""

    level: str
    text: str
    at: float
    tags: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no clock says."""
        _within(self.at, _LATEST)


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """The result of one `@test` function; `error` is empty when it passed."""

    name: str
    passed: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Storing:
    """The function has returned, and what it gave is being stored; whoever reads it will need these libraries too."""

    libraries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetGo:
    """The last word of a process: it has closed all but this channel, and only its memory is still to go."""


@dataclass(frozen=True, slots=True)
class Yielded:
    """The block has yielded a part, which is stored: `number` counts from 0, `items` is what it adds for children."""

    number: int
    items: Items

    def __post_init__(self) -> None:
        """Refuse what no block yields."""
        if self.items.count < 0 or len(self.items.names) not in {0, self.items.count}:
            raise ValueError(f"{self.items.count} items and {len(self.items.names)} names")


@dataclass(frozen=True, slots=True)
class Output:
    """The block's outputs have been published as one version."""

    ref: ProductRef
    outputs: tuple[OutputSummary, ...]


@dataclass(frozen=True, slots=True)
class Displayed:
    """An execution shows a value: media type -> data, bytes as base64 text.

    It is answered like an `Ask`, so that what is printed afterwards cannot come before it.
    """

    id: int
    execution: str
    mime: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Executed:
    """An execution has ended; `failure` says how, when not well."""

    execution: str
    at: float
    seconds: float
    failure: Failure | None = None

    def __post_init__(self) -> None:
        """Refuse what no clock says."""
        _within(self.at, _LATEST)
        _within(self.seconds, _LATEST)


@dataclass(frozen=True, slots=True)
class Variable:
    """A name in a session's namespace: the type of its value, and a short text about it."""

    name: str
    type: str
    summary: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """The answer to `Inspect`: words that complete the text from `start` on, or the variables."""

    request: int
    matches: tuple[str, ...] = ()
    start: int = 0
    variables: tuple[Variable, ...] = ()


class Outcome(StrEnum):
    """How an attempt ended. `WAITING` is a sensor that said "not yet", `CONDITION_FALSE` a condition that said no."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WAITING = "waiting"
    CONDITION_FALSE = "condition_false"


@dataclass(frozen=True, slots=True)
class Finished:
    """The last message of an attempt. `imports` are the third-party top-level modules that it had loaded.

    `lineage` tells what a failed attempt was made from; that of a published one stands in its manifest. `items` is what
    a dynamic block has returned for its children, `condition` the one that said no. `waited` are the seconds
    that its code neither worked nor wanted a processor, where that is measured; `left` is what it has left running, in
    words.
    """

    outcome: Outcome
    at: float
    failure: Failure | None = None
    tests: tuple[TestOutcome, ...] = ()
    imports: tuple[str, ...] = ()
    peak_memory: int = 0
    cpu_seconds: float = 0.0
    lineage: Lineage | None = None
    items: Items | None = None
    condition: str = ""
    waited: float = 0.0
    left: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no clock says, and no machine has: it would be stored, and told to people."""
        _within(self.at, _LATEST)
        _within(self.cpu_seconds, _LATEST)
        _within(self.waited, _LATEST)
        _within(self.peak_memory, _MOST_BYTES)


def _within(number: float, most: float) -> None:
    if not 0 <= number <= most:
        raise ValueError(f"{number} is not between 0 and {most:g}")


ToWorker = WorkOrder | Answer | Shutdown | Execute | Inspect


@dataclass(frozen=True, slots=True)
class CallbackFailed:
    """A callback of the block could not do what it was to do `after` the block's end; that end stands."""

    callback: str
    after: CallbackStatus
    failure: Failure


FromWorker = (
    Ready
    | Started
    | Log
    | Storing
    | Yielded
    | LetGo
    | Output
    | Ask
    | Finished
    | Displayed
    | Executed
    | Inspected
    | CallbackFailed
)
