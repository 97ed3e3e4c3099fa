"""One tab's conversation with the language server: what it may ask, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from penstock.model.errors import MessageInvalidError, PenstockError
from penstock.server.language.addresses import Addresses, translated
from penstock.server.language.findings import says_something
from penstock.server.language.process import ANSWER_SECONDS
from penstock.server.language.texts import Texts

REQUESTS = frozenset(
    f"textDocument/{name}"
    for name in (
        "completion",
        "hover",
        "signatureHelp",
        "definition",
        "declaration",
        "typeDefinition",
        "implementation",
        "references",
        "prepareRename",
        "rename",
        "documentHighlight",
        "documentSymbol",
    )
) | {"completionItem/resolve"}
"""What a tab may ask. Each is about a text that it has open, so that nothing else of the machine can be read."""
MOST_AT_ONCE = 64
_INVALID, _REFUSED, _CANCELLED, _FAILED, _UNKNOWN = -32600, -32602, -32800, -32603, -32601
_FULL_TEXTS = 1


class Asked(Protocol):
    """The language server, as a tab needs it."""

    capabilities: dict[str, Any]

    async def request(self, method: str, params: Any) -> dict[str, Any]:
        """The answer, which has `result` or `error`."""


class Session:
    """A tab.

    Args:
        server: the language server.
        texts: what tabs have open.
        addresses: keep the tab inside the project.
        send: sends a message to the tab.
        refused: what cannot be asked here, by method, and why.
    """

    def __init__(
        self,
        server: Asked,
        texts: Texts,
        addresses: Addresses,
        send: Callable[[str], Awaitable[None]],
        refused: Mapping[str, str],
    ) -> None:
        self._server = server
        self._texts = texts
        self._addresses = addresses
        self._send = send
        self._refused = refused
        self._asked: dict[Any, asyncio.Task[None]] = {}
        self._told: asyncio.Queue[str] = asyncio.Queue()

    async def run(self, receive: Callable[[], Awaitable[str]]) -> None:
        """Serve the tab until it goes; `receive` raises then.

        Raises:
            MessageInvalidError: it sends something that is no message.
        """
        telling = asyncio.create_task(self._tell())
        try:
            while True:
                await self._take(await receive())
        finally:
            telling.cancel()
            for task in self._asked.values():
                task.cancel()
            self._texts.close_all(self)

    def tell(self, method: str, params: Any) -> None:
        """Have the tab told something."""
        self._told.put_nowait(_text({"method": method, "params": params}))

    async def _tell(self) -> None:
        while True:
            await self._send(await self._told.get())

    async def _take(self, text: str) -> None:
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise MessageInvalidError(f"reading a message of the language client: {error}") from None
        if not isinstance(message, dict) or not isinstance(message.get("method", ""), str):
            raise MessageInvalidError("reading a message of the language client: it is no object with a method")
        method, number = message.get("method"), message.get("id")
        if method is None:
            return
        if number is None:
            self._notified(method, message.get("params"))
        elif not isinstance(number, int | str) or isinstance(number, bool):
            raise MessageInvalidError("reading a message of the language client: its id is no number or text")
        else:
            self._requested(method, number, message.get("params"))

    def _notified(self, method: str, params: Any) -> None:
        if not isinstance(params, dict):
            return
        if method == "$/cancelRequest":
            task = self._asked.get(_key(params.get("id")))
            if task is not None:
                task.cancel()
            return
        document = params.get("textDocument")
        if not isinstance(document, dict) or not isinstance(document.get("uri"), str):
            return
        try:
            self._edited(method, self._addresses.inward(document["uri"]), document, params)
        except PenstockError as error:
            self.tell("window/logMessage", {"type": 2, "message": error.message})

    def _edited(self, method: str, uri: str, document: dict[str, Any], params: dict[str, Any]) -> None:
        if method == "textDocument/didOpen" and isinstance(document.get("text"), str):
            self._texts.open(self, uri, "python", document["text"])
        elif method == "textDocument/didClose":
            self._texts.close(self, uri)
        elif method == "textDocument/didChange":
            changes = params.get("contentChanges")
            last = changes[-1] if isinstance(changes, list) and changes else None
            # Tabs were told to send whole texts: two of them may show one file, each with changes of its own.
            if isinstance(last, dict) and "range" not in last and isinstance(last.get("text"), str):
                self._texts.change(self, uri, last["text"])

    def _requested(self, method: str, number: int | str, params: Any) -> None:
        if method == "initialize":
            self._answer(number, {"result": {"capabilities": offered(self._server.capabilities)}})
        elif method == "shutdown":
            self._answer(number, {"result": None})
        elif method not in REQUESTS:
            self._answer(number, _error(_UNKNOWN, f"{method[:60]} is not offered"))
        elif method in self._refused:
            self._answer(number, _error(_REFUSED, self._refused[method]))
        elif len(self._asked) >= MOST_AT_ONCE or _key(number) in self._asked:
            self._answer(number, _error(_INVALID, "too many requests at once"))
        else:
            task = asyncio.create_task(self._ask(method, number, params))
            self._asked[_key(number)] = task
            task.add_done_callback(lambda _: self._asked.pop(_key(number), None))

    async def _ask(self, method: str, number: int | str, params: Any) -> None:
        try:
            inward = translated(params, self._addresses.inward)
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._answered(method, inward)
            if method == "textDocument/hover" and not says_something(answer.get("result")):
                answer = {"result": None} if "error" not in answer else answer
            kept = {key: answer[key] for key in ("result", "error") if key in answer}
            self._answer(number, translated(kept, self._addresses.outward))
        except asyncio.CancelledError:
            self._answer(number, _error(_CANCELLED, "cancelled"))
            raise
        except PenstockError as error:
            self._answer(number, _error(_REFUSED, error.message))
        except (ConnectionError, TimeoutError) as error:
            self._answer(number, _error(_FAILED, str(error) or "the language server takes too long"))

    async def _answered(self, method: str, params: Any) -> dict[str, Any]:
        """The server's answer to a question about a text that the tab has open."""
        if method == "completionItem/resolve" and isinstance(params, dict):
            return await self._server.request(method, params)
        document = params.get("textDocument") if isinstance(params, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        if not isinstance(uri, str) or not self._texts.is_open(self, uri):
            return _error(_REFUSED, "this file is not open")
        async with self._texts.asking(self, uri):
            return await self._server.request(method, params)

    def _answer(self, number: int | str, answer: dict[str, Any]) -> None:
        self._told.put_nowait(_text({"id": number, **answer}))


def offered(capabilities: dict[str, Any]) -> dict[str, Any]:
    """What a tab is told that it may use; whole texts instead of changes to them."""
    names = (
        "completionProvider",
        "hoverProvider",
        "signatureHelpProvider",
        "definitionProvider",
        "declarationProvider",
        "typeDefinitionProvider",
        "implementationProvider",
        "referencesProvider",
        "renameProvider",
        "documentHighlightProvider",
        "documentSymbolProvider",
    )
    found = {name: capabilities[name] for name in names if name in capabilities}
    return {**found, "positionEncoding": "utf-16", "textDocumentSync": {"openClose": True, "change": _FULL_TEXTS}}


def _key(number: Any) -> str:
    return f"{type(number).__name__}:{number}"


def _error(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode({"jsonrpc": "2.0", **message}).decode()
