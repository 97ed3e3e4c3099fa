"""One running `ty server`: requests with answers, notifications both ways."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.model.errors import MessageInvalidError, UnsupportedError
from penstock.server.language.framing import framed, read_message

_log = logging.getLogger("penstock.server")

START_SECONDS = 20.0
ANSWER_SECONDS = 20.0
END_SECONDS = 2.0
_BUFFER = 1 << 20
_CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": False},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "completion": {
            "contextSupport": True,
            "completionItem": {
                "snippetSupport": True,
                "documentationFormat": ["markdown", "plaintext"],
                "labelDetailsSupport": True,
            },
        },
        "signatureHelp": {
            "contextSupport": True,
            "signatureInformation": {
                "documentationFormat": ["markdown", "plaintext"],
                "parameterInformation": {"labelOffsetSupport": True},
                "activeParameterSupport": True,
            },
        },
        "rename": {"prepareSupport": True},
    },
}


class LanguageProcess:
    """A language server over one folder.

    Args:
        command: its command line.
        root: the project's folder.
        settings: what it is told when it asks for its configuration.
        on_notification: called with the method and parameters of what it tells.
        on_end: called once when it has ended without being asked to.
    """

    def __init__(
        self,
        command: list[str],
        root: Path,
        settings: dict[str, Any],
        on_notification: Callable[[str, Any], None],
        on_end: Callable[[], None],
    ) -> None:
        self._command = command
        self._root = root
        self._settings = settings
        self._on_notification = on_notification
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.capabilities: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        """The process's number; 0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start it and shake hands.

        Raises:
            UnsupportedError: it cannot be started, or does not answer.
        """
        doing = f"starting {Path(self._command[0]).name}"
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._root,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_BUFFER,
            )
            self._reading = asyncio.create_task(self._read())
            folder = {"uri": self._root.as_uri(), "name": self._root.name}
            answer = await asyncio.wait_for(
                self.request(
                    "initialize",
                    {
                        "processId": None,
                        "rootUri": folder["uri"],
                        "workspaceFolders": [folder],
                        "capabilities": _CAPABILITIES,
                        "initializationOptions": self._settings,
                    },
                ),
                START_SECONDS,
            )
        except (OSError, TimeoutError, ConnectionError) as error:
            await self.close()
            raise UnsupportedError(f"{doing}: {error or 'it does not answer'}", hint="Install ty anew.") from error
        if "result" not in answer:
            await self.close()
            raise UnsupportedError(f"{doing}: {answer.get('error')}", hint="Install another version of ty.")
        self.capabilities = dict(answer["result"].get("capabilities") or {})
        self.notify("initialized", {})

    async def close(self) -> None:
        """End it: asked to first, killed when it does not go."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            # The end of its input ends it; it keeps nothing that could be lost.
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), END_SECONDS)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        self._fail_waiting()

    async def request(self, method: str, params: Any) -> dict[str, Any]:
        """Ask; the answer, which has `result` or `error`.

        Raises:
            ConnectionError: it has ended.
        """
        number = next(self._numbers)
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            self._write({"id": number, "method": method, "params": params})
            return await waiting
        except asyncio.CancelledError:
            with contextlib.suppress(ConnectionError):
                self.notify("$/cancelRequest", {"id": number})
            raise
        finally:
            self._waiting.pop(number, None)

    def notify(self, method: str, params: Any) -> None:
        """Tell. Raises ConnectionError when it has ended."""
        self._write({"method": method, "params": params})

    def _write(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            raise ConnectionError("the language server has ended")
        process.stdin.write(framed(message))

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            while (message := await read_message(self._process.stdout)) is not None:
                self._take(message)
        except MessageInvalidError as error:
            _log.warning("%s", error.message)
        process = self._process
        self._fail_waiting()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            self._on_end()

    def _take(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if isinstance(method, str) and number is not None:
            self._answer(method, number, message.get("params"))
        elif isinstance(method, str):
            self._on_notification(method, message.get("params"))
        elif isinstance(number, int) and (waiting := self._waiting.get(number)) and not waiting.done():
            waiting.set_result(message)

    def _answer(self, method: str, number: Any, params: Any) -> None:
        """Answer what the server asks: its settings; everything else is granted."""
        result: Any = None
        if method == "workspace/configuration" and isinstance(params, dict):
            result = [self._settings for _ in params.get("items") or []]
        with contextlib.suppress(ConnectionError):
            self._write({"id": number, "result": result})

    def _fail_waiting(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the language server has ended"))
