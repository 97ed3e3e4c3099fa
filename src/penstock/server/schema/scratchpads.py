"""Scratchpads and the processes behind them, as JSON."""

from __future__ import annotations

import msgspec

from penstock.model.messages import Variable


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code to run in a scratchpad's namespace; `cell` names the part of the text that it comes from."""

    code: str
    cell: str = ""


class Execution(msgspec.Struct, frozen=True):
    """Code that was taken on; its events carry this name."""

    execution: str


class ScratchpadState(msgspec.Struct, frozen=True):
    """The session of a scratchpad: none, starting, idle or running; `running` is the execution under way."""

    state: str
    running: str | None = None
    queued: int = 0


class Variables(msgspec.Struct, frozen=True):
    """What the namespace of a scratchpad holds."""

    variables: tuple[Variable, ...]


class CompletionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text and the place in it, in characters, that is to be completed."""

    code: str
    cursor: int


class Completions(msgspec.Struct, frozen=True):
    """Words that replace the text from `start` to the cursor."""

    matches: tuple[str, ...]
    start: int


class ProcessDetail(msgspec.Struct, frozen=True):
    """A process that runs user code: `memory` in bytes, `cpu` and `since` in seconds (of work; since the epoch)."""

    pid: int
    pipeline: str
    block: str
    kind: str
    run: str | None
    memory: int
    cpu: float
    since: float


class Processes(msgspec.Struct, frozen=True):
    """All of them."""

    sessions: list[ProcessDetail]
