"""`penstock start`: one address, one port, a clean end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.patience import PATIENCE, until
from tests.read_only import read_only
from tests.server.running import Server, start
from tests.server.serving import add_pipeline

FOREVER = """
    import time

    @custom
    def forever(*args, **kwargs):
        while True:
            try:
                time.sleep(1)
            except BaseException:
                pass
"""


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to end by itself."""
    environment = {**os.environ, "PENSTOCK_HOME": str(home / "installation"), "PENSTOCK_DATA_DIR": str(home / "data")}
    command = [sys.executable, "-m", "penstock", "start", *arguments, "--no-browser"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture
def server(tmp_path: Path):
    found = start(tmp_path / "project", tmp_path)
    yield found
    if found.process.poll() is None:
        found.stop()


def port_of(server: Server) -> str:
    return server.url.rpartition(":")[2]


def test_a_missing_project_is_made(server: Server, tmp_path: Path) -> None:
    assert (tmp_path / "project" / "metadata.yaml").is_file()
    assert server.get("/api/project")["root"] == str(tmp_path / "project")


def test_an_empty_folder_becomes_a_project(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    server = start(tmp_path / "empty", tmp_path)
    assert server.get("/api/project")["name"] == "empty"
    assert server.stop() == 0


def test_a_new_project_is_of_the_kind_that_is_asked_for_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    asked = ("--project-type", "sub", "--cluster-type", "k8s", "--project-uuid", "abc")
    server = start(tmp_path / "project", tmp_path, *asked)
    assert server.stop() == 0
    file = tmp_path / "project" / "metadata.yaml"
    made = file.read_text()
    assert {"project_type: sub", "cluster_type: k8s", "project_uuid: abc"} <= set(made.splitlines())
    again = start(tmp_path / "project", tmp_path, "--project-type", "standalone", "--project-uuid", "def")
    assert again.stop() == 0
    assert file.read_text() == made
    told = (tmp_path / "server.log").read_text()
    assert told.count("--project-type, --project-uuid mean nothing here") == 1


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file.txt").write_text("x")
    done = run(tmp_path, str(tmp_path / "other"), "--port", "0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["file.txt"]


def test_one_address_is_printed(server: Server) -> None:
    assert server.link.startswith(f"{server.url}/?token=")
    server.process.send_signal(signal.SIGTERM)
    out, _ = server.process.communicate(timeout=PATIENCE)
    assert out == ""
    assert server.process.returncode == 0


def test_the_server_of_this_project_gives_another_link(server: Server, tmp_path: Path) -> None:
    done = run(tmp_path, str(tmp_path / "project"), "--port", port_of(server))
    assert done.returncode == 0
    link = done.stdout.strip()
    assert link.startswith(f"{server.url}/?token=")
    assert link != server.link
    assert Server(server.process, server.project, link, server.url).get("/api/session")["name"] == "owner"
    again = Server(server.process, server.project, link, server.url)
    assert again.get("/api/session")["name"] == "nobody"


def test_a_port_that_something_else_has(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run(tmp_path, str(tmp_path / "project"), "--port", str(taken.getsockname()[1]))
    assert done.returncode == 3
    assert done.stdout == ""
    assert "another program listens there" in done.stderr
    assert "--port" in done.stderr


def test_a_port_that_another_project_has(server: Server, tmp_path: Path) -> None:
    done = run(tmp_path, str(tmp_path / "second"), "--port", port_of(server))
    assert done.returncode == 3
    assert str(tmp_path / "project") in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--base-path", "/a b"),
        ("--base-path", "../x"),
        ("--base-path", '/"><script>'),
        ("--host", "192.0.2.1"),
        ("--host", "no such host"),
        ("--host", ""),
        ("--port", "65536"),
        ("--port", "x"),
    ],
)
def test_what_cannot_be(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, str(tmp_path / "project"), "--port", "0", *arguments)
    assert done.returncode in {2, 3}
    assert "Traceback" not in done.stderr
    assert done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_whatever_runs(tmp_path: Path, number: signal.Signals) -> None:
    server = start(tmp_path / "project", tmp_path)
    add_pipeline(tmp_path / "project", "endless", [("forever", "custom", [], FOREVER)])
    with server.socket("/api/live") as live, server.socket("/api/terminal") as terminal:
        live.send(json.dumps({"op": "subscribe", "topic": "pipeline:endless"}))
        run_id = server.post("/api/pipelines/endless/runs", {})["run"]["run"]
        while "block_started" not in str(live.recv(timeout=PATIENCE)):
            pass
        terminal.send('{"type": "input", "data": "sleep 1000\\n"}')
        terminal.recv(timeout=PATIENCE)
        with server.client.stream("GET", f"/api/runs/{run_id}/events"):
            processes = psutil.Process(server.process.pid).children(recursive=True)
            assert processes
            server.process.send_signal(number)
            assert server.process.wait(PATIENCE) == 0
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    assert not alive
    server.stop()
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_the_one_browser_is_opened(tmp_path: Path) -> None:
    # A browser of our own: it writes down what it was asked to open.
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >{opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    environment = {
        **os.environ,
        "BROWSER": f"{browser} %s",
        "PENSTOCK_HOME": str(tmp_path / "installation"),
        "PENSTOCK_DATA_DIR": str(tmp_path / "data"),
    }
    command = [sys.executable, "-m", "penstock", "start", str(tmp_path / "project"), "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        until("the browser", opened.exists)
        assert opened.read_text().strip() == link
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


METADATA = "# ours\nvariables_dir: data  # here\n\nretry_config: {retries: 1}\n"


def test_a_project_without_an_id_gets_one_and_its_file_stays_else_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "project" / "metadata.yaml"
    file.parent.mkdir()
    file.write_text(METADATA)
    server = start(file.parent, tmp_path)
    uuid = server.get("/api/project")["project_uuid"]
    assert server.stop() == 0
    assert len(uuid) == 32
    assert file.read_text() == f"{METADATA}project_uuid: {uuid}\n"

    server = start(file.parent, tmp_path)
    assert server.get("/api/project")["project_uuid"] == uuid
    assert server.stop() == 0


@pytest.mark.parametrize("level", ["1", "2"])
def test_nothing_is_written_where_nothing_may_be_changed(level: str, tmp_path: Path) -> None:
    file = tmp_path / "project" / "metadata.yaml"
    file.parent.mkdir()
    file.write_text(METADATA)
    server = start(file.parent, tmp_path, environment={"PENSTOCK_READ_ONLY": level})
    assert server.get("/api/project")["project_uuid"] == ""
    assert server.stop() == 0
    assert file.read_text() == METADATA


def test_a_folder_that_cannot_be_written_opens_without_an_id(tmp_path: Path) -> None:
    file = tmp_path / "project" / "metadata.yaml"
    file.parent.mkdir()
    file.write_text(METADATA)
    with read_only(file.parent):
        server = start(file.parent, tmp_path)
        assert server.get("/api/project")["project_uuid"] == ""
        assert server.stop() == 0
    assert file.read_text() == METADATA


def test_settings_that_cannot_be_read_are_told_and_left_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "project" / "metadata.yaml"
    file.parent.mkdir()
    file.write_text('variables_dir: /elsewhere\nx: "unclosed\n')
    server = start(file.parent, tmp_path)
    assert server.stop() == 0
    (told,) = [line for line in (tmp_path / "server.log").read_text().splitlines() if "metadata.yaml" in line]
    assert told.startswith("reading metadata.yaml:3:1: ")
    assert told.endswith(f"; its settings do not count, so the data folder is {tmp_path / 'data' / 'project'}")
    assert file.read_text() == 'variables_dir: /elsewhere\nx: "unclosed\n'
