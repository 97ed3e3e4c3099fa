"""What a server tells of itself, and how; and other things that its environment says."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys

import httpx
import pytest

from penstock.cli.server_log import JsonLines, configure_server_log
from penstock.model.errors import SettingInvalidError
from tests.cli.projects import B, clean_environment, penstock, write_project
from tests.patience import PATIENCE
from tests.server.running import start


@pytest.fixture
def root_logger():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level


def test_a_record_is_one_json_object_with_its_traceback():
    try:
        int("no ü")
    except ValueError:
        record = logging.LogRecord("penstock.x", logging.ERROR, "", 0, "went %s\nwrong", ("very",), sys.exc_info())
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == ("ERROR", "penstock.x", "went very\nwrong")
    assert "no ü" in told["traceback"]
    assert told["at"].endswith("+00:00")


def test_without_a_word_nothing_is_set_up(root_logger, monkeypatch):
    for name in ("SERVER_VERBOSITY", "SERVER_LOGGING_FORMAT", "SERVER_LOGGING_TEMPLATE"):
        monkeypatch.delenv(name, raising=False)
    before = root_logger.handlers[:]
    configure_server_log()
    assert root_logger.handlers == before


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SERVER_VERBOSITY", "loud", "'loud' is no level"),
        ("SERVER_LOGGING_FORMAT", "xml", "'xml' is not one of"),
        ("SERVER_LOGGING_TEMPLATE", "%(colour)s", "cannot be filled in"),
        ("SERVER_LOGGING_TEMPLATE", "no field at all", "cannot be filled in"),
    ],
)
def test_what_cannot_be_meant_is_refused(root_logger, monkeypatch, name, value, told):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingInvalidError, match=told):
        configure_server_log()


def test_a_server_tells_json_lines(tmp_path):
    server = start(tmp_path / "p", tmp_path, environment={"SERVER_VERBOSITY": "INFO", "SERVER_LOGGING_FORMAT": "json"})
    server.stop()
    lines = (tmp_path / "server.log").read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert any(line["logger"].startswith("uvicorn") and line["level"] == "INFO" for line in told)


def test_no_verbosity_tells_the_secrets_of_connections(tmp_path):
    server = start(tmp_path / "p", tmp_path, environment={"SERVER_VERBOSITY": "debug"})
    with server.socket("/api/live") as live:
        live.send('{"type": "subscribe", "topics": ["project"]}')
        live.recv(timeout=PATIENCE)
    cookie = next(iter(server.client.cookies.jar)).value
    server.stop()
    told = (tmp_path / "server.log").read_text()
    assert "DEBUG" in told, "a server that tells nothing proves nothing"
    assert cookie not in told
    assert "cookie:" not in told.lower()
    assert "authorization:" not in told.lower()


def test_a_port_that_is_no_number_is_refused(tmp_path):
    done = penstock("start", tmp_path / "p", "--no-browser", home=tmp_path, DATA_PREP_SERVER_PORT="many")
    assert done.code == 2
    assert "DATA_PREP_SERVER_PORT: 'many' is not an integer" in done.err
    assert not (tmp_path / "p").exists()


def test_project_and_port_come_from_the_environment(tmp_path):
    project = write_project(tmp_path / "shop", sales=[B("load", "data_loader", "return 1")])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "USER_CODE_PATH": str(project),
        "DATA_PREP_SERVER_PORT": str(port),
        "PENSTOCK_HOME": str(tmp_path / "h"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "start", "--no-browser"],
        cwd=tmp_path,
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(tmp_path / "data"), **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}/?token=" in process.stdout.readline()
        health = httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=PATIENCE)
        assert health.status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert not (tmp_path / "metadata.yaml").exists()


def test_blocks_find_their_project_by_the_names_of_mage(tmp_path):
    body = "import os\nprint(os.environ['MAGE_REPO_PATH'], os.environ['MAGE_RUNTIME__REPO_PATH'])"
    project = write_project(tmp_path / "shop", sales=[B("load", "data_loader", body)])
    done = penstock("run", project, "sales", "-v", home=tmp_path)
    assert f"{project} {project}" in done.out
