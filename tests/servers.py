"""Real servers that tests start as private children on free loopback ports.

A data folder is initialised once and copied for each start, because initialising takes seconds and copying a tenth.
Every server asks the kernel for SIGKILL when its parent dies, so a killed test run leaves no orphan.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.patience import PATIENCE

_PR_SET_PDEATHSIG = 1
_READY_SECONDS = PATIENCE


class ServerMissingError(RuntimeError):
    """The binary of a server that the tests need is not installed."""


class _PortTakenError(RuntimeError):
    """Somebody else took the port of a server."""


@dataclass(frozen=True)
class PostgresServer:
    """A running PostgreSQL; every connection from loopback is trusted."""

    port: int
    host: str = "127.0.0.1"
    user: str = "postgres"
    pid: int = 0

    def profile(self, database: str, schema: str = "public") -> dict[str, object]:
        """The keys of an io_config profile for one of its databases."""
        return {
            "POSTGRES_DBNAME": database,
            "POSTGRES_HOST": self.host,
            "POSTGRES_PORT": self.port,
            "POSTGRES_USER": self.user,
            "POSTGRES_PASSWORD": "not-a-secret",
            "POSTGRES_SCHEMA": schema,
        }


def postgres_binaries() -> Path:
    """The folder with `initdb` and `postgres`: on the path, or where Debian keeps the newest version."""
    found = shutil.which("initdb")
    if found and (Path(found).parent / "postgres").exists():
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if versions:
        return versions[-1]
    raise ServerMissingError(
        "PostgreSQL is not installed, and these tests run against a real one: apt-get install postgresql"
    )


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _as_postgres() -> dict[str, object]:
    # PostgreSQL refuses to run as root; any other user runs it as itself
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def _give_to_postgres(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")


def _template(binaries: Path) -> Path:
    """A freshly initialised data folder, made by the first test process on this machine that needs it and kept."""
    told = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    version = told.split()[2]
    shared = Path(tempfile.gettempdir()) / f"penstock-tests-{os.geteuid()}-postgres-{version}"
    shared.mkdir(exist_ok=True)
    if shared.is_symlink() or shared.stat().st_uid != _owner():
        if shared.is_symlink() or shared.stat().st_uid != os.geteuid():
            raise RuntimeError(f"{shared} belongs to somebody else; remove it")
        _give_to_postgres(shared)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        data = shared / "data"
        if not (data / "complete").exists():
            shutil.rmtree(data, ignore_errors=True)
            command = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "--no-instructions"]
            subprocess.run(
                [*command, "-E", "UTF8", "--locale=C.UTF-8"],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd="/",
                **_as_postgres(),
            )
            (data / "complete").touch()
    return data


def _owner() -> int:
    return pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else os.geteuid()


_PORTS = range(20_000, 32_000)
"""Below those that the kernel gives away: nobody gets one by chance while its server is stopped."""


def _ports() -> Iterator[int]:
    """Loopback ports that were free a moment ago; whoever gets none of the first has another try."""
    for port in random.SystemRandom().sample(_PORTS, 20):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + _READY_SECONDS
    while time.monotonic() < limit:
        if process.poll() is not None:
            told = log.read_text(errors="replace")[-2000:]
            kind = _PortTakenError if "Address already in use" in told else RuntimeError
            raise kind(f"PostgreSQL ended while starting: {told}")
        # the postmaster writes the word when it accepts connections
        if "ready to accept connections" in log.read_text(errors="replace"):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    raise RuntimeError(f"PostgreSQL on port {port} was not ready in {_READY_SECONDS:g} s")


def a_port() -> int:
    """A loopback port that was free a moment ago, and that nobody gets by chance."""
    return next(_ports())


class OwnPostgres:
    """A PostgreSQL that a test may stop and start again, on the same port and with its data; close it."""

    def __init__(self) -> None:
        self._binaries = postgres_binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> PostgresServer:
        """Start it, for the first time or again."""
        data = self._folder / "data"
        if not data.exists():
            self._folder.chmod(0o755)
            _give_to_postgres(self._folder)
            subprocess.run(["cp", "-a", _template(self._binaries), data], check=True)
            (data / "complete").unlink()
            for self.port in _ports():
                with contextlib.suppress(_PortTakenError):
                    return self._start(data)
            raise RuntimeError("every port that PostgreSQL was to get is taken")
        return self._start(data)

    def _start(self, data: Path) -> PostgresServer:
        options = "fsync=off full_page_writes=off synchronous_commit=off wal_level=logical shared_buffers=32MB max_connections=60"
        settings = [part for option in options.split() for part in ("-c", option)]
        log = self._folder / "log"
        where = ["-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", self._folder]
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", *where, *settings],
                stdout=out,
                stderr=out,
                cwd="/",
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - it calls prctl and nothing else
                **_as_postgres(),
            )
        _wait_for(self.port, self._process, log)
        return PostgresServer(port=self.port, pid=self._process.pid)

    def stop(self) -> None:
        """End it at once, whoever is connected."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End it and remove what it has kept."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL on a free loopback port, ended at exit."""
    own = OwnPostgres()
    try:
        yield own.start()
    finally:
        own.close()
