"""Puts the parts of a server together: a project that can run things, and the studio over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from penstock.cli.wire import Workbench, open_workbench
from penstock.engine.loop import Sink
from penstock.engine.plan import RunPlan
from penstock.project import Project
from penstock.server.studio import Studio, make_studio

BLOCKS_AT_ONCE = 32
"""Of all runs together: what a person starts never waits behind something else that runs long."""

GRACE = 2.0
"""Seconds between an interrupt in the browser and the end of a block that does not heed it."""


def open_studio(project: Path | str, *, scheduler: bool = True) -> Studio:
    """The studio of a project; `await studio.start()` inside the event loop begins, `await studio.close()` ends it.

    Args:
        project: its folder.
        scheduler: start what is due and drive what was asked for, in this process; else another one has to.

    Raises:
        ProjectNotFoundError: there is no project.
        StorageError: its data folder cannot be made.
    """
    bench = open_workbench(project, total=BLOCKS_AT_ONCE, grace=GRACE)
    try:
        return make_studio(bench, partial(open_scheduled, project) if scheduler else None)
    except BaseException:
        bench.close()
        raise


def open_scheduled(
    root: Path | str, project: Callable[[], Project], sinks_for: Callable[[RunPlan], Iterable[Sink]]
) -> Workbench:
    """The workbench of a scheduler: it takes the project as it is when a run begins.

    Of its blocks as many run at once, in all runs together, as `queue_config.concurrency` says now.

    Args:
        root: the project's folder.
        project: gives the project as it is now.
        sinks_for: what is told of its runs.
    """
    at_once = max(1, project().settings.queue_config.concurrency)
    bench = open_workbench(root, width=at_once, total=at_once, grace=GRACE)
    bench.door = project
    bench.watch_runs(sinks_for)
    return bench
