"""The servers of this installation: a small file each, by which a second `penstock start` finds the first."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from penstock.config import environment
from penstock.model.errors import PenstockError, PortBusyError

_TIMEOUT = 30.0
"""Seconds that a server may take to answer: its process lives, and its machine may be busy."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs; `token` lets this machine's own commands ask it for links."""

    port: int
    project: str
    url: str
    token: str
    pid: int

    def is_of(self, project: Path) -> bool:
        """Whether it serves the project that lies in that folder."""
        from penstock.project import open_project

        try:
            return self.project == str(open_project(project).root)
        except PenstockError:
            return False

    def link(self) -> str:
        """A new one-time address.

        Raises:
            PortBusyError: it does not answer as a server of ours.
        """
        from urllib.error import URLError
        from urllib.request import Request, urlopen

        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "X-Penstock": "1"}
        request = Request(f"{self.url}/api/session/links", b"{}", headers, method="POST")  # noqa: S310 - http, ours
        try:
            with urlopen(request, timeout=_TIMEOUT) as reply:  # noqa: S310
                return str(json.loads(reply.read())["url"])
        except (URLError, OSError, ValueError, KeyError) as error:
            raise PortBusyError(
                f"asking the server at {self.url} for a link: {error}",
                hint=f"End process {self.pid}, or choose another port with --port.",
            ) from None


def _file(port: int) -> Path:
    return environment.home() / "studio" / f"server-{port}.json"


def remember(server: Running) -> None:
    """Leave word of a server; where that fails, a second start merely says that the port is taken."""
    file = _file(server.port)
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as text:
            json.dump(asdict(server), text)


def forget(port: int) -> None:
    """The server has ended."""
    with contextlib.suppress(OSError):
        _file(port).unlink(missing_ok=True)


def running_on(port: int) -> Running | None:
    """The server on that port, when its process lives."""
    try:
        found = Running(**json.loads(_file(port).read_text(encoding="utf-8")))
        os.kill(found.pid, 0)
    except (OSError, ValueError, TypeError, OverflowError):
        return None
    return found
