"""What runs is stopped: by its user, by the end of the server, by its death."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from tests.journeys.browsing import Tabs
from tests.journeys.conftest import Start
from tests.journeys.editing import card, pipeline, state, write
from tests.patience import PATIENCE
from tests.server.running import Server
from tests.servers import a_port

ENDLESS = "@data_loader\ndef load():\n    while True:\n        pass\n"
WAITING = """\
import os
import threading


@data_loader
def load():
    print("process", os.getpid(), flush=True)
    threading.Event().wait()
"""
QUIET = re.compile("^(done|interrupted|cancelled|not run)")


def test_an_endless_loop_is_interrupted(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "endless", {"name": "turning", "content": ENDLESS})
    page = tabs.open(studio, "/pipelines/endless?block=turning")
    block = card(page, "turning")
    block.get_by_role("button", name="Run", exact=True).click()
    state(page, "turning", "running")
    block.get_by_role("button", name="Interrupt", exact=True).click()
    state(page, "turning", "cancelled")
    expect(block.get_by_role("button", name="Run", exact=True)).to_be_enabled()

    write(page, "turning", ENDLESS.replace("    while True:\n        pass", "    return 5"))
    page.keyboard.press("Control+Enter")
    state(page, "turning", "done")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_the_server_is_started_again_while_a_block_runs(
    start_studio: Start, tabs: Tabs, tmp_path: Path, how: signal.Signals
) -> None:
    tabs.watch.allow("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "WebSocket connection")
    # A port that nobody is given while the server is away.
    server = start_studio(None, "--port", str(a_port()))
    pipeline(server, "cut", {"name": "waits", "content": WAITING})
    page = tabs.open(server, "/pipelines/cut?block=waits")
    card(page, "waits").get_by_role("button", name="Run", exact=True).click()
    printed = card(page, "waits").get_by_label("Printed")
    expect(printed).to_contain_text("process")
    worker = psutil.Process(int(printed.inner_text().split()[1]))

    server.stop(how)
    lost = page.get_by_role("status").filter(has_text="The connection to the server is lost")
    expect(lost).to_be_visible()
    gone, _ = psutil.wait_procs([worker], timeout=PATIENCE)
    assert gone, "the block's process outlives its server"

    port = server.url.rsplit(":", 1)[1]
    again = start_studio(tmp_path / "project", "--port", port)
    # Nothing is pressed: the page finds its server again, and tells what came of the run.
    expect(lost).to_be_hidden()
    state(page, "waits", "interrupted")
    expect(page.get_by_role("button", name="Interrupt")).to_have_count(0)
    expect(page.get_by_text(re.compile("^running$"))).to_have_count(0)
    (run,) = again.get("/api/runs")["runs"]
    assert run["state"] == "interrupted"

    write(page, "waits", "@data_loader\ndef load():\n    return 5\n")
    page.keyboard.press("Control+Enter")
    state(page, "waits", "done")


def test_a_page_that_is_opened_while_the_server_is_away_loads_when_it_is_back(
    start_studio: Start, tabs: Tabs, tmp_path: Path
) -> None:
    away = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "WebSocket connection")
    tabs.watch.allow(*away, "dynamically imported module", "Unable to preload CSS")
    server = start_studio(None, "--port", str(a_port()))
    page = tabs.open(server, "/")
    page.wait_for_load_state("networkidle")
    server.stop()
    page.get_by_role("link", name="Settings").first.click()
    expect(page.get_by_role("heading", name="A part of this page could not be fetched")).to_be_visible()

    start_studio(tmp_path / "project", "--port", server.url.rsplit(":", 1)[1])
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
