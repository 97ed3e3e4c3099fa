"""Zygotes that hang and whose workers go on to their end: what they cannot do any more is done here. Linux only."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from penstock.engine import linux
from penstock.engine.headstart import Interpreter, await_end
from penstock.engine.process import Exit, WorkerProcess
from penstock.engine.process_tree import kill_tree

_PATIENCE = 5.0


class Retired:
    """A zygote that was stopped because it hangs, since its workers would die with it.

    Args:
        zygote: the process.
        reason: why, in words.
        workers: its processes that have come up.
    """

    def __init__(self, zygote: Interpreter, reason: str, workers: list[WorkerProcess]) -> None:
        self._zygote = zygote
        self._reason = reason
        self._workers = workers
        with suppress(ProcessLookupError):
            os.kill(zygote.pid, signal.SIGSTOP)
        self._kill_strangers()

    def look(self) -> bool:
        """Report what has ended; whether anything is left. With its last worker the zygote ends."""
        over = [process for process in self._workers if process.exit is not None or process.is_over()]
        self._workers = [process for process in self._workers if process not in over]
        if over:
            self._kill_strangers()
        if not self._workers:
            self.end()
        for process in over:
            process.exited(Exit(None, f"{self._reason}, and could not tell how the block's process ended"))
        return bool(self._workers)

    def end(self) -> None:
        """Kill it, which ends its workers, and what those have left running."""
        with suppress(ProcessLookupError):
            os.kill(self._zygote.pid, signal.SIGKILL)
        await_end(self._zygote.pid, _PATIENCE)
        kill_tree(None, self._zygote.mark)
        self._zygote.connection.close()
        os.close(self._zygote.log)

    def _kill_strangers(self) -> None:
        """Kill its children that are no worker: what has ended has left them, or it was forked and never came up."""
        known = {process.pid for process in self._workers}
        for pid in linux.children(self._zygote.pid):
            if pid not in known:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
