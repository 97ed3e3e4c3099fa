"""What every language is given and what it gives back: the contract between the worker and `languages/<name>`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from penstock.model.messages import AskKind, TestOutcome, WorkOrder

if TYPE_CHECKING:
    import pyarrow as pa


class Input(Protocol):
    """One upstream of the block, in argument order; nothing is read before a method is called.

    `partial` says that it is not the one output of its block: an item of it, a child's, or those of all children.
    """

    block: str
    type: str
    language: str
    configuration: Mapping[str, Any]
    partial: bool

    def empty(self) -> bool:
        """Whether the upstream has no output at all."""

    def value(self) -> object:
        """What the function receives: the single output, the list of several, or None."""

    def table(self) -> pa.Table:
        """The single output as Arrow, mapped, no copy. Raises ValueRefusedError when it is not tabular."""


@dataclass(slots=True)
class Job:
    """One attempt, seen from a language.

    `variables` holds everything that goes into the function's keyword arguments; `context` is shared by the blocks of
    one process; `ask` puts a question to the control side and waits for its answer. The first `modules_before` entries
    of `sys.modules` were loaded before the attempt: touching them all would cost a forked process milliseconds. What is
    `held` is freed after the end of the block has been told, and not at all in a process that ends with it.
    """

    order: WorkOrder
    source: str
    inputs: list[Input]
    variables: dict[str, Any]
    context: dict[str, Any]
    log: Callable[[str, str], None]
    ask: Callable[[AskKind, dict[str, Any]], Any]
    modules_before: int = 0
    held: list[object] = field(default_factory=list)


@dataclass(slots=True)
class Parts:
    """An output that a block yields piece by piece; each piece is stored as it comes."""

    items: Iterator[object]


@dataclass(slots=True)
class BlockResult:
    """`outputs` are stored as output_0, output_1, ...; `check` runs the block's tests on them and yields the results.

    `waiting` is a sensor's "not yet". `files` are the project files that took part, absolute.
    """

    outputs: list[object | Parts] = field(default_factory=list)
    check: Callable[[list[object]], Iterable[TestOutcome]] | None = None
    waiting: bool = False
    files: frozenset[str] = frozenset()


class LanguageRunner(Protocol):
    """Runs one block; raises what the user's code raises, or a PenstockError."""

    def run(self, job: Job) -> BlockResult:
        """Execute the block's source and return its outputs, not yet stored."""
