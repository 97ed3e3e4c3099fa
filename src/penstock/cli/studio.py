"""Puts the parts of a server together: a project that can run things, and the studio over it."""

from __future__ import annotations

from pathlib import Path

from penstock.cli.wire import open_workbench
from penstock.server.studio import Studio, make_studio

BLOCKS_AT_ONCE = 32
"""Of all runs together: what a person starts never waits behind something else that runs long."""

GRACE = 2.0
"""Seconds between an interrupt in the browser and the end of a block that does not heed it."""


def open_studio(project: Path | str) -> Studio:
    """The studio of a project; `await studio.start()` inside the event loop begins, `await studio.close()` ends it.

    Raises:
        ProjectNotFoundError: there is no project.
        StorageError: its data folder cannot be made.
    """
    bench = open_workbench(project, total=BLOCKS_AT_ONCE, grace=GRACE)
    try:
        return make_studio(bench)
    except BaseException:
        bench.close()
        raise
