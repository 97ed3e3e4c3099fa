"""Servers that take messages, for tests of what arrives: HTTP with any manners, and SMTP."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.patience import PATIENCE


@dataclass
class Received:
    """One request: its path with the query, its headers in lower case, its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An HTTP server. `answers` are the statuses of the next requests, 200 after them; a status may be a manner:
    "silent" answers nothing until the test ends, "dripping" a byte at a time, "redirect" elsewhere, "close" nothing,
    "repeating" 500 with what it was sent."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)
    location: str = ""
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    over: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float = PATIENCE) -> Received:
        """The next request that arrives."""
        assert self.arrived.acquire(timeout=seconds), "nothing arrived"
        return self.received[-1]


class _Handler(BaseHTTPRequestHandler):
    """Answers as its server's receiver says."""

    @property
    def receiver(self) -> Receiver:
        return self.server.receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.received.append(Received(self.path, headers, body))
        manner = self.receiver.answers.pop(0) if self.receiver.answers else 200
        self.receiver.arrived.release()
        if isinstance(manner, int):
            self._answer(manner)
        elif manner == "redirect":
            self.send_response(307)
            self.send_header("Location", self.receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif manner == "silent":
            self.receiver.over.wait(2 * PATIENCE)
        elif manner == "dripping":
            self._drip()
        elif manner == "repeating":
            keys = [headers.get("authorization", ""), headers.get("x-a", "")]
            self._answer(500, f"{self.path} {keys} ".encode() + body)

    def _answer(self, status: int, text: bytes = b"") -> None:
        text = text or (b"no_service" if status >= 400 else b"ok")
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if status != 204:
            self.wfile.write(text)

    def _drip(self) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.receiver.over.wait(0.05):
                self.wfile.write(b"x-more: a\r\n")
        except OSError:
            return

    def log_message(self, *_given: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


@contextmanager
def receiving(*answers: int | str) -> Iterator[Receiver]:
    """A server on a free port of this machine."""
    receiver = Receiver(answers=list(answers))

    server = _Server(("127.0.0.1", 0), _Handler)
    server.receiver = receiver
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def dripping(line: bytes) -> Iterator[int]:
    """The port of a server that says that line again and again, whatever it hears."""
    over = threading.Event()

    class Drip(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                while not over.wait(0.05):
                    self.wfile.write(line)

    with ThreadingTCPServer(("127.0.0.1", 0), Drip) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            over.set()
            server.shutdown()
            thread.join()


@dataclass
class Mailbox:
    """What an SMTP server took: envelopes as sender, receivers and the parsed message."""

    port: int = 0
    taken: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refuse: str = ""
    answer: str = "250 OK"
    farewell: str = "221 Bye"

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        return self.farewell

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, message))
        return self.answer


@contextmanager
def mailbox(*, tls: str = "", certificate: Path | None = None, password: str = "") -> Iterator[Mailbox]:
    """An SMTP server; `tls` is "", "starttls" or "ssl"."""
    box = Mailbox()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        box.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == password, handled=False)

    options: dict[str, Any] = {}
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if password:
        options |= {
            "authenticator": authenticate,
            "auth_required": tls == "starttls",
            "auth_require_tls": tls == "starttls",
        }

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncio.Server:
        made = partial(SMTP, box, loop=loop, hostname="localhost", **options)
        return await loop.create_server(made, "127.0.0.1", 0, ssl=context if tls == "ssl" else None)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(PATIENCE)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def certificate_for_localhost(folder: Path) -> Path:
    """A certificate with its key, in one file; trusted by who is told so."""
    openssl = shutil.which("openssl")
    assert openssl, "openssl makes the certificate of this test"
    key, made = folder / "key.pem", folder / "localhost.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made
