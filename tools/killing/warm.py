# ruff: noqa: PLC0415 - the clock is set before anything else is imported
"""Processes forked from one that has imported everything: real schedulers, and people who ask for runs.

The parent holds no thread and no connection. It adopts what its children leave behind, so that nothing can stray.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

AT_ONCE = 40
"""Runs that a scheduler takes at most: it lives for a second or so, and is to get something done in it."""
SPEED = 60.0
"""How much faster the clock on the wall goes, so that a minute's trigger is due every second."""
RENEW = 0.25
"""Seconds between renewals, so that they can be hit."""
LEASE = 180.0
"""Seconds on the wall: three."""
WARM = (
    "penstock.cli.scheduler",
    "penstock.cli.studio",
    "penstock.cli.trigger_files",
    "penstock.engine.worker",
    "penstock.engine.zygote",
    "penstock.server.scheduling",
    "penstock.server.studio",
    "penstock.state.store",
)
"""What a scheduler and its workers import."""
_SUBREAPER, _DEATH_SIGNAL = 36, 1


def prepare() -> None:
    """Set the clock going, import everything, and adopt orphans. Once, in the parent, before the first fork."""
    real, begun = time.time, time.time()
    time.time = lambda: begun + (real() - begun) * SPEED  # before anything takes it as a default
    for name in WARM:
        import_module(name)
    from penstock.schedule import claim, core

    claim.LEASE = LEASE
    core.RENEW = RENEW
    core.AT_ONCE = AT_ONCE
    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)


def fork(work: Callable[[], object], log: Path | None = None) -> int:
    """Do that in a process of its own, its group too; the number of the process."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)  # nothing outlives an experiment that is ended
        target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(target, 1)
        os.dup2(target, 2)
        random.seed()
        work()
        code = 0
    except SystemExit:
        code = 0
    except BaseException:  # noqa: BLE001 - told in its log; the process ends here
        with suppress(OSError):
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def scheduler(root: Path, point: str = "", times: int = 1) -> None:
    """`penstock start --instance-type scheduler`, until it is killed; at that failpoint at the latest."""
    from penstock.cli.scheduler import run_scheduler
    from penstock.schedule import failpoints

    if point:
        failpoints.on_reach(failpoints.armed(f"{point}:{times}"))
    _keep_a_zygote()
    run_scheduler(root)


def person(root: Path, acts: Callable[[Any], object], point: str = "") -> None:
    """Somebody who does something with the store, and wakes the schedulers."""
    from penstock.project import open_project
    from penstock.schedule import failpoints
    from penstock.state.address import state_url
    from penstock.state.store import open_state

    if point:
        failpoints.on_reach(failpoints.armed(point))
    state = open_state(state_url(open_project(root).data_dir()))
    acts(state)
    state.close()


def _keep_a_zygote() -> None:
    """Fork the parent of workers now, while there is one thread; it begins when the scheduler would start it.

    A process started anew would import for half a second what is here already.
    """
    from penstock.engine import headstart

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if not pid:
        ours.close()
        _become_a_zygote(theirs)
    theirs.close()
    usual = headstart._spawn  # noqa: SLF001
    kept = [pid]

    def start(python: str, cwd: str | None, environment: Mapping[str, str], connection: int, log: int) -> int:
        if not kept:
            return usual(python, cwd, environment, connection, log)
        text = json.dumps({"cwd": cwd, "mark": environment[headstart.MARK]}).encode()
        socket.send_fds(ours, [text], [connection, log])
        ours.close()
        return kept.pop()

    headstart._spawn = start  # noqa: SLF001


def _become_a_zygote(orders: socket.socket) -> NoReturn:
    from penstock.engine import zygote
    from penstock.engine.headstart import marked_environment

    os.setsid()
    text, descriptors, _, _ = socket.recv_fds(orders, 65536, 2)
    if not text:
        os._exit(0)
    said = json.loads(text)
    os.environ.update(marked_environment(dict(os.environ), said["mark"]))
    null = os.open(os.devnull, os.O_RDWR)
    control, log = descriptors
    for source, target in ((null, 0), (null, 1), (log, 2), (control, 3)):
        os.dup2(source, target)
    os.closerange(4, 256)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    sys.argv = ["zygote", "3", json.dumps({"cwd": said["cwd"]})]
    try:
        zygote.main()
    finally:
        os._exit(0)


def wait_for(pids: dict[int, int], seconds: float) -> dict[int, int]:
    """Those of these processes (number -> its descriptor) that end within that time, with how they ended."""
    poller = select.poll()
    for descriptor in pids.values():
        poller.register(descriptor, select.POLLIN)
    ready = {descriptor for descriptor, _ in poller.poll(max(0, seconds) * 1000)}
    return {pid: os.waitpid(pid, 0)[1] for pid, descriptor in pids.items() if descriptor in ready}


def reap_orphans(known: set[int]) -> None:
    """Collect what others have left behind and that has ended."""
    for pid in set(descendants()) - known:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def descendants() -> list[int]:
    """Processes of ours that are alive: children, and what they left behind."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(word) for word in text.split()]
