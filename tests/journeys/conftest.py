"""What the journeys share: the installed wheel, one browser a process, a studio a module, new tabs a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys import wheel
from tests.journeys.browsing import LONGEST, Tabs, launch
from tests.server.running import Server, start

Start = Callable[..., Server]
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the built wheel is installed in."""
    own = tmp_path_factory.getbasetemp()
    return wheel.install(own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=LONGEST)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield browser
        finally:
            browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leave a journey's outcome where its tabs find it."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def tabs(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tabs]:
    """Opens tabs; the test fails when a request fails in one of them or its console tells of an error.

    Of a test that fails, pictures of its tabs are left in its temporary folder.
    """
    tabs = Tabs(browser)
    try:
        yield tabs
        if request.node.stash.get(FAILED, True):
            tabs.picture(tmp_path)
    finally:
        tabs.close()
    assert tabs.watch.unexpected() == []


@pytest.fixture
def start_studio(site: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts studios of the installed wheel, which end with the test; options are those of `running.start`."""
    running: list[Server] = []

    def begin(
        project: Path | None = None,
        *arguments: str,
        logs_in: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> Server:
        project = project or tmp_path / "project"
        variables = {**wheel.environment(site), **(environment or {})}
        server = start(project, tmp_path, *arguments, environment=variables, cwd=tmp_path, logs_in=logs_in)
        running.append(server)
        return server

    yield begin
    for server in running:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="module")
def studio(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A studio of the installed wheel over a new project, for the journeys of one module."""
    home = tmp_path_factory.mktemp("studio")
    server = start(home / "project", home, environment=wheel.environment(site), cwd=home)
    try:
        yield server
    finally:
        server.stop()
