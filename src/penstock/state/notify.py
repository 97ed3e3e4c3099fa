"""Wake-ups between processes: a word that there is something new, so that nobody has to look again and again.

Every listener has a socket in `<data folder>/.state/`: a Unix datagram socket, or a port of loopback UDP where the
folder or the system knows no such sockets. Processes on other machines are reached over PostgreSQL, when the state is
kept there. A message may be lost or come twice: it says where to look, never what is there. Nothing heavy is imported.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import blake2s
from pathlib import Path

from penstock.state.listening import MISSED, ServerChannel

__all__ = ["FOLDER", "LONGEST", "MISSED", "Notifier", "tell"]

FOLDER = ".state"
LONGEST = 4000
"""Bytes of a message, topic included; PostgreSQL takes no more than 8000."""

Callback = Callable[[str, str], None]
"""What is done with a message: its topic and its text. It must not block, and must not raise."""

_WAIT = 0.25
"""Seconds that a sender waits for a listener whose queue is full."""
_LOOK = 10.0
"""Seconds after which a listener sees whether its file is still there: without it nobody reaches it."""
_FULL = ".full"
"""Ends the name of a file beside a socket: somebody found its queue full, so it must look at everything."""


def tell(data_root: Path, topic: str, text: str = "", *, but: str = "") -> int:
    """Send a message to every process on this machine that listens; how many were reached.

    What is left of listeners that have ended is removed.

    Args:
        data_root: the project's data folder.
        topic: what it is about.
        text: what it says.
        but: the file name of the one listener that is left out.
    """
    message = _packed(topic, text)
    folder = data_root / FOLDER
    reached = 0
    names = _listeners(folder) - {but}
    if not names:
        return 0
    with _short(folder) as short:
        for name in names:
            path = f"{short}/{name}"
            try:
                if name.endswith(".sock"):
                    _send_unix(path, message)
                elif name.endswith(".udp"):
                    _send_udp(Path(path), message)
                else:
                    continue
            except (ConnectionRefusedError, _GoneError):
                for left in (path, path + _FULL):
                    with contextlib.suppress(OSError):
                        os.unlink(left)  # noqa: PTH108 - the process has ended
            except TimeoutError:
                with contextlib.suppress(OSError):
                    _leave_word(path)
            except OSError:
                continue  # gone this moment
            else:
                reached += 1
    return reached


class Notifier:
    """Sends messages, and calls back for those that come in.

    Args:
        data_root: the project's data folder.
        url: the address of the state database; on PostgreSQL, processes on other machines are reached too.
    """

    def __init__(self, data_root: Path, url: str = "") -> None:
        self._data_root = data_root
        self._server = ServerChannel(url) if url.startswith("postgres") else None
        self._thread: threading.Thread | None = None
        self._stop, self._stopped = socket.socketpair()
        self._socket: socket.socket | None = None
        self._path: Path | None = None
        self._secret = b""
        self._callback: Callback | None = None

    def publish(self, topic: str, text: str = "") -> None:
        """Send a message to every listener, this one's own callback first; call it after the commit of what it tells.

        A database that is away is no error here: listeners look for themselves once they have it back.
        """
        _packed(topic, text)
        if (callback := self._callback) is not None:  # another thread may close this now
            callback(topic, text)
        if self._server is None or not self._server.publish(topic, text):
            tell(self._data_root, topic, text, but=self._path.name if self._path is not None else "")

    def listen(self, callback: Callback) -> None:
        """Begin to listen. The topic `MISSED` says that messages may have been lost, and to look at everything.

        Args:
            callback: called in a thread of its own for what others say, and in the thread of whoever publishes here.

        Raises:
            OSError: no socket can be made.
        """
        self._bind()
        self._callback = callback
        self._thread = threading.Thread(target=self._run, args=(callback,), name="penstock-notify", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and remove the socket."""
        self._callback = None
        self._stop.close()
        if self._thread is not None:
            self._thread.join()
        elif self._server is not None:
            self._server.close()
        self._stopped.close()

    def _bind(self) -> None:
        folder = self._data_root / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
        name = f"{_machine()}{os.getpid()}-{secrets.token_hex(4)}"
        try:
            self._socket = _bound_unix(folder, f"{name}.sock")
            self._path = folder / f"{name}.sock"
        except OSError:
            self._secret = secrets.token_hex(16).encode()
            self._path = folder / f"{name}.udp"
            self._socket = _bound_udp(self._path, self._secret)
        self._socket.setblocking(False)

    def _run(self, callback: Callback) -> None:
        assert self._socket is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ, "mine")
            selector.register(self._stopped, selectors.EVENT_READ, "stop")
            try:
                while True:
                    wait = _LOOK if self._server is None else min(_LOOK, self._server.attach(selector, callback))
                    ready = {key.data for key, _ in selector.select(wait)}
                    if "stop" in ready:
                        return
                    if "mine" in ready:
                        for topic, text in _received(self._socket, self._secret):
                            callback(topic, text)
                        if self._was_full():
                            callback(MISSED, "")
                    elif self._bound_anew(selector):
                        callback(MISSED, "")
                    if "server" in ready and self._server is not None:
                        self._server.receive(selector, callback)
            finally:
                self._socket.close()
                if self._path is not None:
                    self._path.unlink(missing_ok=True)
                    self._was_full()
                if self._server is not None:
                    self._server.close()

    def _bound_anew(self, selector: selectors.BaseSelector) -> bool:
        """Whether somebody has removed this listener's file, and it has another one now.

        Not while the data folder itself is away: it would be made where it is to come back.
        """
        old = self._socket
        try:
            if self._path is None or old is None or self._path.exists() or not self._data_root.is_dir():
                return False
            self._bind()
        except OSError:  # it cannot be made now; the next look tries again
            return False
        assert self._socket is not None
        selector.unregister(old)
        selector.register(self._socket, selectors.EVENT_READ, "mine")
        old.close()
        return True

    def _was_full(self) -> bool:
        """Whether somebody has found the queue full since this was asked the last time."""
        try:
            os.unlink(f"{self._path}{_FULL}")  # noqa: PTH108 - asked with every message
        except OSError:
            return False
        return True


def _listeners(folder: Path) -> set[str]:
    """The files of this machine in the folder: of listeners, and beside them."""
    try:
        return {name for name in os.listdir(folder) if name.startswith(_machine())}  # noqa: PTH208 - names are enough
    except OSError:
        return set()


class _GoneError(Exception):
    """The listener that left this file has ended."""


@cache
def _machine() -> str:
    """How files of listeners on this machine begin: the machine, and this start of it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
    except OSError:
        boot = "0"
    return f"{_node()}-{boot}-"


@cache
def _node() -> str:
    return blake2s(platform.node().encode(), digest_size=4).hexdigest()


def _sweep(folder: Path) -> None:
    """Remove what listeners of before the last restart of this machine have left."""
    for path in folder.glob(f"{_node()}-*"):
        if not path.name.startswith(_machine()):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A short name of the folder: the path of a socket has room for a hundred bytes only."""
    if not os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - plain question
        yield str(folder)
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _packed(topic: str, text: str) -> bytes:
    message = topic.encode() + b"\0" + text.encode()
    if len(message) > LONGEST:
        raise ValueError(f"a message of {len(message)} bytes, {LONGEST} at most")
    return message


def _bound_unix(folder: Path, name: str) -> socket.socket:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError("no Unix sockets on this system")
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        with _short(folder) as short:
            made.bind(f"{short}/{name}")
    except OSError:
        made.close()
        raise
    return made


def _bound_udp(path: Path, secret: bytes) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - with its mode
        file.write(b"%d %d %b" % (os.getpid(), made.getsockname()[1], secret))
    return made


def _leave_word(path: str) -> None:
    """Tell a listener that is too busy to listen that it has missed something, when it is through."""
    with open(path + _FULL, "wb"):  # noqa: PTH123 - plain
        pass
    # It may have got through in this very moment, without looking for the file any more.
    _send_unix(path, _packed(MISSED, ""), wait=0.0)


def _send_unix(path: str, message: bytes, wait: float = _WAIT) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(wait)
        sender.connect(path)
        sender.send(message)


def _send_udp(path: Path, message: bytes) -> None:
    fields = path.read_bytes().split()
    if len(fields) != 3:  # noqa: PLR2004 - process, port, secret
        return  # it is being written
    if not _alive(int(fields[0])):
        raise _GoneError
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(fields[2] + b" " + message, ("127.0.0.1", int(fields[1])))


def _alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)


def _received(mine: socket.socket, secret: bytes) -> Iterator[tuple[str, str]]:
    """All messages that have come in."""
    while True:
        try:
            data = mine.recv(LONGEST + len(secret) + 1)
        except (BlockingIOError, ConnectionResetError):
            return
        if secret:
            given, _, data = data.partition(b" ")
            if not secrets.compare_digest(given, secret):
                continue
        topic, zero, text = data.partition(b"\0")
        if zero:
            yield topic.decode("utf-8", "replace"), text.decode("utf-8", "replace")
