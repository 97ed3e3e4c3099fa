"""A shell over a real socket of a real server: what is typed runs in the project, and ends with the socket."""

from __future__ import annotations

import contextlib
import json

import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from penstock.server.terminal.shell import available_shells
from tests.patience import PATIENCE
from tests.server.running import Server


def until(socket: ClientConnection, wanted: str) -> str:
    seen = ""
    while wanted not in seen:
        seen += socket.recv(timeout=PATIENCE).decode("utf-8", "replace")
    return seen


def tell(socket: ClientConnection, text: str) -> None:
    socket.send(json.dumps({"type": "input", "data": text}))


def drain(socket: ClientConnection, patience: float = PATIENCE) -> int:
    """Read until the socket says no more; how many bytes came."""
    received = 0
    while True:
        try:
            received += len(socket.recv(timeout=patience))
        except TimeoutError:
            return received


def gone(pids: list[int]) -> bool:
    living = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            living.append(psutil.Process(pid))
    return not psutil.wait_procs(living, timeout=PATIENCE)[1]


def test_a_shell_runs_in_the_project_and_knows_its_size(studio: Server) -> None:
    with studio.socket("/api/terminal") as socket:
        socket.send(json.dumps({"type": "resize", "cols": 91, "rows": 33}))
        tell(socket, "stty size; pwd; echo do''ne\n")
        seen = until(socket, "done")
    assert "33 91" in seen
    assert str(studio.project) in seen


def test_the_shell_controls_its_terminal(studio: Server) -> None:
    # Job control and Ctrl-C work, so the shell leads its session and owns the terminal.
    with studio.socket("/api/terminal") as socket:
        # Who says that it is ready is the process that is interrupted: bash may lose a key that comes as it forks.
        tell(socket, """PS1=pro''mpt; sh -c 'echo rea""dy; exec sleep 1000'\n""")
        until(socket, "ready")
        tell(socket, "\x03")
        until(socket, "prompt")
        tell(socket, """sh -c 'stty -echo; echo ba""ck; exec sed s/in/out/ </dev/tty'\n""")
        until(socket, "back")
        tell(socket, "what goes in\n\x04")
        until(socket, "what goes out")
        tell(socket, "exit\n")
        with pytest.raises(ConnectionClosed):
            drain(socket)


@pytest.mark.parametrize("job", ["sleep 1000 &", "nohup sleep 1000 >/dev/null 2>&1 &", "(trap '' HUP; sleep 1000) &"])
def test_closing_the_socket_ends_the_shell_and_what_it_started(studio: Server, job: str) -> None:
    with studio.socket("/api/terminal") as socket:
        tell(socket, f"{job}\n")
        tell(socket, "echo pids $$ $! e''nd\n")
        line = until(socket, "end").split("pids ")[-1]
        pids = [int(word) for word in line.split()[:2]]
        assert all(psutil.pid_exists(pid) for pid in pids)
    assert gone(pids)


def test_a_stopped_job_ends_too(studio: Server) -> None:
    with studio.socket("/api/terminal") as socket:
        tell(socket, "sleep 1000 & kill -STOP $!; echo pids $$ $! e''nd\n")
        pids = [int(word) for word in until(socket, "end").split("pids ")[-1].split()[:2]]
    assert gone(pids)


def test_nobody_else_gets_a_byte(studio: Server) -> None:
    with studio.socket("/api/terminal") as other, studio.socket("/api/terminal") as socket:
        tell(socket, "echo sec''ret\n")
        until(socket, "secret")
        tell(other, "echo fi''rst\n")
        assert "secret" not in until(other, "first")


def test_without_login_there_is_no_socket(studio: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(studio.ws("/api/terminal"), origin=studio.url)
    assert refused.value.response.status_code == 403


def test_garbage_is_passed_over(studio: Server) -> None:
    with studio.socket("/api/terminal") as socket:
        for garbage in ("not json", "[]", '{"type": "reboot"}', '{"type": "resize", "cols": "wide"}', b"\xff", "{}"):
            socket.send(garbage)
        socket.send('{"type": "resize", "cols": -1, "rows": 99999999}')
        socket.send('{"type": "shown", "bytes": -5}')
        tell(socket, "echo still''here; stty size\n")
        assert "1000 1" in until(socket, "1000 1")


def test_a_shell_that_nobody_offers_is_not_started(studio: Server) -> None:
    assert studio.get("/api/terminal/shells")["shells"]
    for wanted in ("/bin/cat", "sh%20-c%20id", "../../bin/sh", "%2Fusr%2Fbin%2Fid"):
        with studio.socket(f"/api/terminal?shell={wanted}") as socket, pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4422


def test_the_shell_that_is_set_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setenv("SHELL_COMMAND", "sh")
    first, second, *_ = available_shells()
    assert (first.endswith("/sh"), second) == (True, "/bin/bash")
    monkeypatch.setenv("PENSTOCK_SHELL", "there-is-no-such-shell")
    assert available_shells()[0] == "/bin/bash"


def test_a_flood_waits_for_who_reads_it(studio: Server) -> None:
    # The client reads nothing: what `yes` prints must wait in the shell and not in the server.
    server = psutil.Process(studio.process.pid)
    with (
        studio.socket("/api/terminal", max_queue=1, close_timeout=0.1) as flooded,
        studio.socket("/api/terminal") as socket,
    ):
        before = server.memory_info().rss
        tell(flooded, "yes | head -c 300000000\n")
        for number in range(20):
            tell(socket, f"echo num''ber {number}\n")
            until(socket, f"number {number}")
        assert server.memory_info().rss - before < 20_000_000


def test_a_client_that_tells_what_it_has_drawn_is_not_flooded(studio: Server) -> None:
    with studio.socket("/api/terminal") as socket:
        socket.send('{"type": "shown", "bytes": 0}')
        tell(socket, "yes | head -c 5000000; echo e''nd\n")
        received = 0
        while received <= 500_000:
            received += len(socket.recv(timeout=PATIENCE))
        received += drain(socket, patience=1)
        assert received < 700_000
        seen = ""
        while "end" not in seen:
            socket.send(json.dumps({"type": "shown", "bytes": received}))
            chunk = socket.recv(timeout=PATIENCE)
            received, seen = len(chunk), seen[-10:] + chunk.decode()


def test_logging_out_ends_the_shell(studio: Server) -> None:
    # A second browser, so that the one of the other tests stays logged in.
    link = studio.post("/api/session/links")["url"]
    second = Server(studio.process, studio.project, link, studio.url)
    with second.socket("/api/terminal") as socket, studio.socket("/api/terminal") as kept:
        tell(socket, "echo pids $$ e''nd\n")
        pid = int(until(socket, "end").split("pids ")[-1].split()[0])
        assert second.client.delete("/api/session").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            drain(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
        assert gone([pid])
        with pytest.raises(InvalidStatus):
            second.socket("/api/terminal")
        tell(kept, "echo st''ill\n")
        until(kept, "still")
    second.client.close()
