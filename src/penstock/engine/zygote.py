"""The warm parent of workers: imports libraries, never a project's code, and forks on request.

Single-threaded; runs nothing of a user's. It adopts whatever an attempt leaves behind and kills it, so that the end of
a worker is the end of its whole process tree. When the supervisor goes, it takes everything along.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections import deque
from contextlib import suppress
from types import ModuleType
from typing import Any, NoReturn

from penstock.engine import control, linux, worker
from penstock.engine.ahead import Taker
from penstock.engine.control import (
    DATAGRAM_LIMIT,
    DESCRIPTORS,
    Exited,
    Imported,
    Importing,
    Preload,
    PreloadOutcome,
    Spawn,
)
from penstock.engine.dependencies import look_ahead
from penstock.engine.preload import preload
from penstock.engine.rehearsal import WARM_UPS, rehearse_storing

_OOM_SCORE = 300
_HIGH_DESCRIPTOR = 400
_PATIENCE = 1.0
_KIB = 1024
_REHEARSALS = 4
"""How often a block is rehearsed again while nothing is asked for: Python specialises what has run a few times."""


class Zygote:
    """The server of one control socket.

    Args:
        connection: the control socket.
        processes: workers that are alive already, pid -> number; not empty after a restart in place.
        unsafe: modules that must not be imported here.
        pending: modules to import when idle.
        request: the request that was in hand at a restart in place, with its descriptors.
    """

    def __init__(
        self,
        connection: socket.socket,
        processes: dict[int, int] | None = None,
        unsafe: list[str] | None = None,
        pending: list[str] | None = None,
        request: tuple[Spawn, list[int]] | None = None,
    ) -> None:
        self._connection = connection
        self._in_hand = request
        self._processes = processes or {}
        self._unsafe = set(unsafe or ())
        self._tried: set[str] = set(self._unsafe)
        self._pending = deque(pending or ())
        self._own = os.getpid()
        self._frozen = False
        self._rehearsals = _REHEARSALS
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._poller = select.poll()
        self._poller.register(connection, select.POLLIN)
        self._poller.register(self._wake, select.POLLIN)

    def serve(self) -> NoReturn:
        """Serve until the supervisor closes its end."""
        self._reap()
        if self._in_hand is not None:
            self._start(*self._in_hand)
        while True:
            idle = 0 if self._pending or self._rehearsals else None
            ready = {descriptor for descriptor, _ in self._poller.poll(idle)}
            if self._wake.fileno() in ready:
                self._drain_wake()
                self._reap()
            if self._connection.fileno() in ready:
                self._receive()
            elif self._pending and not ready:
                self._import(self._pending.popleft())
            elif self._rehearsals and not ready:
                self._rehearsals -= 1
                self._frozen = False
                rehearse_storing()

    def _receive(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._connection, DATAGRAM_LIMIT, DESCRIPTORS)
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._end()
        request = control.decode_to_zygote(data)
        if isinstance(request, Preload):
            self._pending.extend(request.modules)
            return
        self._start(request, descriptors)

    def _start(self, request: Spawn, descriptors: list[int]) -> None:
        """Fork the worker, with what it needs imported before."""
        # An import may have to start this process over, which must not lose the request that is in hand.
        self._in_hand = (request, descriptors)
        for module in request.needs:
            self._import(module)
        self._in_hand = None
        try:
            self._fork(request, descriptors)
        except OSError as error:
            self._tell(control.SpawnFailed(request.process, f"fork: {error.strerror or error}"))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _import(self, module: str) -> None:
        if module in self._tried:
            return
        self._tried.add(module)
        self._tell(Importing(module))
        outcome, reason = preload(module)
        if outcome is PreloadOutcome.THREADS:
            self._unsafe.add(module)
        self._frozen = False
        if outcome is PreloadOutcome.LOADED:
            look_ahead(module.partition(".")[0])
        self._tell(Imported(module, outcome, reason))
        if outcome is PreloadOutcome.THREADS:
            self._start_over()

    def _start_over(self) -> None:
        """Become a fresh interpreter, without the module that cannot be forked from; workers and requests stay."""
        again = [name for name in self._tried if name not in self._unsafe]
        state = {
            "processes": list(self._processes.items()),
            "unsafe": sorted(self._unsafe),
            "pending": [*again, *self._pending],
        }
        if self._in_hand is not None:
            request, descriptors = self._in_hand
            state["request"] = {"process": request.process, "needs": list(request.needs), "descriptors": descriptors}
            for descriptor in descriptors:
                os.set_inheritable(descriptor, True)
        self._connection.set_inheritable(True)
        command = [sys.executable, "-P", "-c", COMMAND, str(self._connection.fileno()), json.dumps(state)]
        os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted

    def _fork(self, request: Spawn, descriptors: list[int]) -> None:
        if not self._frozen:
            gc.freeze()
            self._frozen = True
            worker.remember_loaded()
        pid = os.fork()
        if pid == 0:
            self._become_worker(descriptors, request.warm)
        self._processes[pid] = request.process

    def _become_worker(self, descriptors: list[int], warm: str) -> NoReturn:
        """Leave everything of the zygote behind and run the worker, in its own session and process group."""
        status = 70
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            linux.die_with_parent(self._own)
            linux.adopt_orphans()
            linux.prefer_for_oom(_OOM_SCORE)
            channel, ahead = _out_of_the_way(descriptors[0]), _out_of_the_way(descriptors[3])
            os.dup2(descriptors[1], 1)
            os.dup2(descriptors[2], 2)
            streams = _out_of_the_way(1), _out_of_the_way(2)
            for descriptor in descriptors:
                os.close(descriptor)
            for own in (self._connection, self._wake, self._waker):
                own.close()
            gc.enable()
            connection = socket.socket(fileno=channel)
            status = worker.serve(connection, WARM_UPS.get(warm), Taker(socket.socket(fileno=ahead), streams))
            worker.let_go(connection)
        except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as a second zygote
            traceback.print_exc()
        finally:
            os._exit(status)

    def _reap(self) -> None:
        """Collect what has ended; what an ended worker has left running is killed before its end is told."""
        ended: list[Exited] = []
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                if ended:
                    self._kill_strangers()
                break
            process = self._processes.pop(pid, None)
            if process is not None:
                cpu = usage.ru_utime + usage.ru_stime
                ended.append(Exited(process, status, usage.ru_maxrss * _KIB, cpu))
        for end in ended:
            self._tell(end)

    def _kill_strangers(self) -> None:
        """Kill adopted orphans, and theirs, until none is left; gives up on what the kernel cannot end in time."""
        deadline = time.monotonic() + _PATIENCE
        while strangers := [pid for pid in linux.children() if pid not in self._processes]:
            for pid in strangers:
                _kill(pid)
            for pid in strangers:
                while not _ended(pid):
                    if time.monotonic() > deadline:
                        return
                    time.sleep(0.001)

    def _end(self) -> NoReturn:
        """The supervisor is gone: nothing may outlive it."""
        for pid in self._processes:
            _kill(pid)
        self._processes.clear()
        self._kill_strangers()
        os._exit(0)

    def _drain_wake(self) -> None:
        try:
            while len(self._wake.recv(4096)) == 4096:  # noqa: PLR2004 - the size asked for: there may be more
                pass
        except BlockingIOError:
            pass

    def _tell(self, message: control.FromZygote) -> None:
        try:
            self._connection.send(control.encode(message))
        except OSError:
            self._end()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _out_of_the_way(descriptor: int) -> int:
    """A copy of a descriptor that user code which closes "all" descriptors from 3 on rarely meets."""
    import fcntl

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except OSError:  # a low limit on open files
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)


def _settle() -> None:
    """Make this process what every worker is to inherit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    linux.adopt_orphans()
    worker.prepare()
    rehearse_storing()
    # Libraries that start Python again (multiprocessing) look here for what to run, and must not find the zygote.
    sys.modules["__main__"] = ModuleType("__main__")
    sys.argv = ["penstock"]


def main() -> NoReturn:
    """Entry of the zygote process: descriptor of the control socket, then the state that a restart in place kept."""
    gc.disable()
    descriptor = int(sys.argv[1])
    state = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}  # noqa: PLR2004 - program, descriptor, state
    connection = socket.socket(fileno=descriptor)
    connection.set_inheritable(False)
    if folder := state.get("cwd"):
        os.chdir(folder)
    _settle()
    zygote = Zygote(
        connection,
        processes={int(pid): int(process) for pid, process in state.get("processes", ())},
        unsafe=state.get("unsafe"),
        pending=state.get("pending"),
        request=_request(state.get("request")),
    )
    zygote.serve()


def _request(saved: dict[str, Any] | None) -> tuple[Spawn, list[int]] | None:
    """The request that a restart in place has kept; its descriptors were handed down."""
    return (Spawn(saved["process"], saved["needs"]), saved["descriptors"]) if saved else None


COMMAND = "from penstock.engine.zygote import main; main()"
"""What the zygote's interpreter runs; `-m` would import the module a second time."""
