"""What the running block may know of its surroundings; set by the worker, read by everything in `sdk`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.model.errors import ProjectNotFoundError
from penstock.model.messages import AskKind
from penstock.model.product import UNPARTITIONED

Asker = Callable[[AskKind, dict[str, Any]], Any]
"""Puts a request to the control side and waits for its answer; raises PenstockError when the answer is an error."""


@dataclass(slots=True)
class Context:
    """Where a block runs: `project` and `data_root` are absolute folders, `data_root` that of the product store.

    `ask` is None outside a worker, for example when pytest imports a block file. `allow_pickle` says
    whether outputs that are stored as pickles may be read. `partition_name` is what the run's blocks are told as
    `execution_partition`; the outputs of most runs have no partition of their own.
    """

    project: str
    project_name: str
    data_root: str = ""
    pipeline: str = ""
    block: str = ""
    partition: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    ask: Asker | None = None
    allow_pickle: bool = False
    partition_name: str = ""

    def partition_of(self, name: str | None) -> str:
        """The partition that is read by that name: none, and what the run's blocks are told, mean the block's own."""
        return name if name and name != self.partition_name else self.partition or UNPARTITIONED


_active: Context | None = None


def activate(context: Context | None) -> None:
    """Make that context the current one of this process."""
    global _active  # noqa: PLW0603 - one attempt at a time runs in a worker process
    _active = context


def running_in() -> str | None:
    """The folder of the project whose block runs in this process; None in any other process."""
    return _active.project if _active is not None else None


def current() -> Context:
    """The context of the running block; outside a worker, that of the project around the working directory.

    Raises:
        ProjectNotFoundError: neither the working directory nor a folder above it holds a project.
    """
    if _active is not None:
        return _active
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "metadata.yaml").is_file() and (folder / "pipelines").is_dir():
            return Context(project=str(folder), project_name=folder.name)
    raise ProjectNotFoundError(
        f"looking for the project around {here}: no folder with metadata.yaml and pipelines/ found",
        hint="Run from inside a project.",
    )
