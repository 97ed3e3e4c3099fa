"""The language server of a studio: started with the first tab that asks, ended when the last has gone for a while."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from penstock.model.errors import UnsupportedError
from penstock.model.mage_names import ROOT
from penstock.sdk import imports
from penstock.server.language.addresses import Addresses, path_of
from penstock.server.language.findings import shown_findings
from penstock.server.language.process import LanguageProcess
from penstock.server.language.session import Session
from penstock.server.language.texts import Texts
from penstock.server.language.tools import INSTALL, find_tool
from penstock.server.projects.resolver import Resolver

IDLE_SECONDS = 60.0
"""How long the language server stays after the last tab."""
STARTS, STARTS_SECONDS = 5, 120.0
"""It is not started more often than so many times in that time."""
MOST_TABS = 64
ALIAS = "default_repo"
_CREATED, _CHANGED, _DELETED = 1, 2, 3
_WATCHED = (".py", ".pyi", "ty.toml", "pyproject.toml")


class LanguageService:
    """Serves tabs.

    Args:
        resolver: the project's files.
        cache: a folder of our own for links that stand for names a block may import.
        known: whether a name is that of a block of the project.
    """

    def __init__(self, resolver: Resolver, cache: Path, known: Callable[[str], bool]) -> None:
        self._resolver = resolver
        self._cache = cache
        self._known = known
        self._addresses = Addresses(resolver)
        self._process: LanguageProcess | None = None
        self._texts = Texts(self._tell_server)
        self._sessions: dict[Session, asyncio.Task[Any] | None] = {}
        self._starting = asyncio.Lock()
        self._starts: deque[float] = deque(maxlen=STARTS)
        self._ending: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._refused: dict[str, str] = {}
        self.idle_seconds = IDLE_SECONDS

    @property
    def pid(self) -> int:
        """The language server's process; 0 when none runs."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Nothing runs before a tab asks."""

    async def close(self) -> None:
        """End the language server."""
        self._keep()
        process, self._process = self._process, None
        if process is not None:
            await process.close()
        for task in list(self._closing):
            await task

    async def serve(self, receive: Callable[[], Awaitable[str]], send: Callable[[str], Awaitable[None]]) -> None:
        """Serve one tab until it goes; `receive` raises then, and so does this.

        Raises:
            UnsupportedError: ty is not installed, does not start or keeps ending; or there are too many tabs.
            ConnectionError: the language server has ended; the tab may come again.
            MessageInvalidError: the tab sends what is no message.
        """
        if len(self._sessions) >= MOST_TABS:
            raise UnsupportedError(f"opening the language server: {MOST_TABS} tabs use it", hint="Close some.")
        self._keep()
        try:
            process = await self._running()
        except UnsupportedError:
            self._end_when_idle()
            raise
        session = Session(process, self._texts, self._addresses, send, self._refused)
        task = asyncio.ensure_future(session.run(receive))
        self._sessions[session] = task
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            if self._process is process:
                raise
            raise ConnectionError("the language server has ended") from None
        finally:
            del self._sessions[session]
            self._end_when_idle()

    def hear(self, topics: object, event: object) -> None:
        """Tell the language server of files that have changed; for `Hub.hear`."""
        del topics
        if self._process is None or not isinstance(event, dict) or event.get("type") != "files_changed":
            return
        changes = []
        for entry in event["paths"]:
            if str(entry["path"]).endswith(_WATCHED):
                path = self._resolver.root / entry["path"]
                # It reads what is new only when told of it as new; of a file that it knows, it reads what changed.
                kinds = (_CREATED, _CHANGED) if path.is_file() else (_DELETED,)
                changes += [{"uri": path.as_uri(), "type": kind} for kind in kinds]
        if changes:
            self._tell_server("workspace/didChangeWatchedFiles", {"changes": changes})

    async def _running(self) -> LanguageProcess:
        async with self._starting:
            if self._process is not None:
                return self._process
            program = find_tool("ty")
            if program is None:
                raise UnsupportedError("starting the language server: ty is not installed", hint=INSTALL)
            now = time.monotonic()
            if len(self._starts) == STARTS and now - self._starts[0] < STARTS_SECONDS:
                raise UnsupportedError(
                    "starting the language server: it has ended again and again", hint="Wait, or install ty anew."
                )
            self._starts.append(now)
            process = LanguageProcess(
                [program, "server"],
                self._resolver.root,
                await asyncio.to_thread(self._settings),
                self._notified,
                self._lost,
            )
            await process.start()
            self._process = process
            return process

    def _settings(self) -> dict[str, Any]:
        """Where imports are found: the environment that runs blocks, the project's folders, the names of Mage."""
        root = self._resolver.root
        links = {ROOT: Path(imports.__file__).parent / ROOT, ALIAS: root}
        around = [str(root.parent)]
        self._refused = {}
        if hidden := _shadowing(root.parent, root):
            # What lies beside the project would hide installed modules of the same name; only a link to the project is
            # shown then, and what is found through a link is another file to the server.
            links[root.name], around = root, []
            reason = f"{hidden} beside the project has the name of an installed module: move it, then rename"
            self._refused = {"textDocument/rename": reason, "textDocument/prepareRename": reason}
        for name, target in links.items():
            with contextlib.suppress(OSError):
                self._cache.mkdir(parents=True, exist_ok=True)
                _link(self._cache / name, target)
        return {
            "configuration": {"environment": {"python": sys.prefix, "extra-paths": [str(self._cache), *around]}},
            # It would offer everything that is installed, and everything beside the project, at every letter.
            "completions": {"autoImport": False},
        }

    def _tell_server(self, method: str, params: dict[str, Any]) -> None:
        if self._process is not None:
            with contextlib.suppress(ConnectionError):
                self._process.notify(method, params)

    def _notified(self, method: str, params: Any) -> None:
        """Pass findings on to the tabs that show the file."""
        if method != "textDocument/publishDiagnostics" or not isinstance(params, dict):
            return
        uri = str(params.get("uri"))
        told: dict[str, Any] = {"uri": self._addresses.outward(uri), "diagnostics": []}
        if path_of(uri) is not None:
            told["diagnostics"] = shown_findings(params.get("diagnostics"), self._known)
        for tab in self._texts.tabs(uri):
            if isinstance(tab, Session):
                tab.tell(method, told)

    def _lost(self) -> None:
        """It has ended by itself: every tab hears so, and the next one starts it again."""
        self._process = None
        for task in self._sessions.values():
            if task is not None:
                task.cancel()

    def _keep(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end_when_idle(self) -> None:
        if self._sessions or self._process is None:
            return
        self._keep()
        self._ending = asyncio.get_running_loop().call_later(self.idle_seconds, self._end)

    def _end(self) -> None:
        self._ending = None
        if not self._sessions and self._process is not None:
            process, self._process = self._process, None
            task = asyncio.ensure_future(process.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target, target_is_directory=True)


def _shadowing(folder: Path, root: Path) -> str:
    """The name of a module in a folder, other than the project, that an installed one has too; "" without one."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return ""
    for entry in entries:
        name = entry.name.removesuffix(".py")
        module = entry.name.endswith(".py") or (Path(entry.path) / "__init__.py").exists()
        if module and name.isidentifier() and entry.name != root.name and _is_elsewhere(name, folder):
            return entry.name
    return ""


def _is_elsewhere(name: str, folder: Path) -> bool:
    """Whether a module of that name is installed; one that is only found in the folder itself does not count."""
    if name in sys.stdlib_module_names:
        return True
    try:
        spec = find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return False
    return spec is not None and not Path(spec.origin or folder / name).is_relative_to(folder)
