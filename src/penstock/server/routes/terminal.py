"""The terminal: a shell in the project's folder for each socket."""

from __future__ import annotations

import msgspec
from starlette.websockets import WebSocket

from penstock.model.errors import UnsupportedError
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes
from penstock.server.terminal.screen import Screen
from penstock.server.terminal.shell import Shell, available_shells

routes = Routes("terminal")
MOST = 16
"""Shells of one server at once: a page that opens sockets in a loop must not fill the machine."""
_open: set[Screen] = set()


class Shells(msgspec.Struct):
    """Programs that a terminal can start."""

    shells: list[str]


@routes.get("/api/terminal/shells", Permission.TERMINAL)
def shells(call: Call) -> Shells:
    """Which shells there are, the user's own first."""
    del call
    return Shells(available_shells())


@routes.websocket("/api/terminal", Permission.TERMINAL)
async def terminal(call: Call, socket: WebSocket) -> None:
    """A shell in the project's folder for as long as the socket is open; `?shell=` is one of `/api/terminal/shells`."""
    known = available_shells()
    wanted = socket.query_params.get("shell", "")
    if not known or (wanted and wanted not in known):
        raise UnsupportedError("opening a terminal: there is no such shell", hint="Ask /api/terminal/shells.")
    if len(_open) >= MOST:
        raise UnsupportedError(f"opening a terminal: {MOST} are open", hint="Close one of them.")
    screen = Screen(Shell(call.studio.root, wanted or known[0]), socket.receive_text, socket.send_bytes)
    _open.add(screen)
    try:
        await screen.run()
    finally:
        _open.discard(screen)
