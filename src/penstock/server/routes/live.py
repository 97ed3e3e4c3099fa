"""The live socket: one per tab, many topics."""

from __future__ import annotations

from starlette.websockets import WebSocket

from penstock.server.live import serve
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes

routes = Routes("live")


@routes.websocket("/api/live", Permission.VIEW)
async def live(call: Call, socket: WebSocket) -> None:
    """Numbered events of the topics that the client subscribes to."""
    call.studio.reader.warm_soon()

    async def send(frame: bytes) -> None:
        await socket.send_text(frame.decode())

    await serve(call.studio.hub, socket.receive_text, send)
