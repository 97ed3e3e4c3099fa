"""Schedulers in processes of their own, and what a test asks the store and the files about them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests import logs
from tests.patience import PATIENCE

T = TypeVar("T")


@dataclass
class SchedulerProcess:
    """A running `penstock start --instance-type scheduler`."""

    process: subprocess.Popen[str]
    log: Path

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self.process.pid

    def said(self) -> str:
        """What it has logged so far."""
        return self.log.read_text()

    def send(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()


def start_scheduler(root: Path, home: Path, name: str, environment: dict[str, str] | None = None) -> SchedulerProcess:
    """Start one over that project; it keeps its data in `home/data` and logs to `home/<name>.log`."""
    env = {
        **os.environ,
        "PENSTOCK_HOME": str(home / "installation"),
        "PENSTOCK_DATA_DIR": str(home / "data"),
        **(environment or {}),
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "penstock", "start", str(root), "--instance-type", "scheduler"]
    log = home / f"{name}.log"
    logs.watch(log)
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if "runs; its state is kept in" not in line:
        process.kill()
        process.wait()
        raise AssertionError(f"the scheduler did not start: {line!r} {log.read_text()[-2000:]}")
    return SchedulerProcess(process, log)


def wait_for(what: str, found: Callable[[], T], patience: float = PATIENCE) -> T:
    """The first answer that is not empty; other processes are asked, so it is asked again and again."""
    stop = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < stop, f"{what}: it did not come"
        time.sleep(0.05)  # it is another process that is waited for
    return answer
