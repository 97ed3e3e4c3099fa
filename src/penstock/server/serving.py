"""Runs an application on a port until a signal says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from penstock.model.errors import PortBusyError, SettingInvalidError

if TYPE_CHECKING:
    from penstock.server.app import App

GRACE = 3.0
"""Seconds that open requests have when the server ends."""

_TURN = 0.0005
"""Seconds that a thread which computes may make another one wait; Python's own 5 ms is as long as a block takes."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        PortBusyError: something else listens there.
        SettingInvalidError: the address is not one of this machine.
    """
    if not host:
        raise SettingInvalidError("listening: no address is given", hint="Give --host 127.0.0.1, or leave it out.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only on sockets that say they are TCP; without, each waits 40 ms for an ACK.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except PermissionError as error:
        found.close()
        raise SettingInvalidError(
            f"listening on {host}:{port}: the system forbids it ({error.strerror})", hint="Choose a port above 1023."
        ) from None
    except OSError as error:
        found.close()
        if error.errno is not None and "in use" in (error.strerror or "").lower():
            raise PortBusyError(
                f"listening on {host}:{port}: another program listens there",
                hint=f"End it, or choose another port: --port {port + 1}; --port 0 takes any free one.",
            ) from None
        raise SettingInvalidError(
            f"listening on {host}:{port}: {error.strerror or error}", hint="Give --host an address of this machine."
        ) from None
    found.listen(512)
    found.setblocking(False)
    return found


def serve(app: App, listener: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; a second signal ends at once.

    Args:
        app: the application.
        listener: where to listen.
        ready: called once requests are answered.

    Raises:
        PenstockError: the studio could not start.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        **_log_options(),
        access_log=False,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=4 << 20,
        ws_ping_interval=30.0,
        ws_ping_timeout=30.0,
        ws_per_message_deflate=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(GRACE),
        server_header=False,
        date_header=False,
    )
    sys.setswitchinterval(_TURN)
    asyncio.run(_run(_server(config), app, listener, ready))
    if app.failure is not None:
        raise app.failure


def _log_options() -> dict[str, Any]:
    """Where the program has set its log up, this server's lines look like all others, but for those of debug.

    Those show each connection's headers and frames: cookies of logins, tokens, and what is typed into terminals.
    """
    root = logging.getLogger()
    if not root.handlers:
        return {"log_level": "warning"}
    return {"log_config": None, "log_level": max(root.level, logging.INFO)}


async def _run(server: Any, app: App, listener: socket.socket, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if server.should_exit:
            server.force_exit = True
        server.should_exit = True
        # Open sockets and streams would hold up the end.
        app.sockets.end()
        server.ending.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, ValueError):
            loop.add_signal_handler(number, stop)
    server.tell = ready
    await server.serve(sockets=[listener])


def _server(config: Any) -> Any:
    """Uvicorn's server, which is imported only here: with our signals, and asleep while nothing is asked of it."""
    import uvicorn

    class Server(uvicorn.Server):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.ending = asyncio.Event()
            self.tell: Callable[[], None] = lambda: None

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started:
                self.tell()

        async def main_loop(self) -> None:
            # Uvicorn's own wakes ten times a second, for a date header and a limit of requests that are not used here.
            await self.ending.wait()

    return Server(config)
