"""Edges follow queries that others write, as they follow those that are written in the editor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from penstock.server.projects.redrawing import REMEMBERED, SeenQueries
from tests.server.projects.conftest import Browser


@pytest.fixture
def query(browser: Browser) -> Path:
    body = {
        "type": "transformer",
        "language": "sql",
        "name": "report",
        "content": "select * from join\n",
        "after": None,
    }
    browser.ask("POST", "/pipelines/orders/blocks", {**body, "upstream": []})
    for name in ("first", "second"):
        made = {"type": "data_loader", "language": "python", "name": name, "content": "x = 1\n"}
        browser.ask("POST", "/pipelines/orders/blocks", made)
    return browser.root / "transformers" / "report.sql"


def upstream(browser: Browser) -> list[str]:
    return browser.block("orders", "report")["upstream"]


def write(browser: Browser, file: Path, text: str, *others: Path) -> None:
    file.write_text(text)
    browser.workspace.redrawing.changed([file, *others])


def test_a_query_written_elsewhere_draws_and_removes_edges(browser: Browser, query: Path) -> None:
    upstream(browser)  # the pipeline is open: its queries are known
    write(browser, query, "select * from first join second using (id)")
    assert upstream(browser)[-2:] == ["first", "second"]
    write(browser, query, "select * from second")
    assert "first" not in upstream(browser)
    assert "second" in upstream(browser)
    assert "report" in browser.block("orders", "second")["downstream"]


def test_a_pipeline_that_comes_with_its_query_knows_its_edges(browser: Browser, query: Path) -> None:
    before = upstream(browser)
    write(browser, query, "select * from first", browser.root / "pipelines" / "orders" / "metadata.yaml")
    assert upstream(browser) == before


def test_what_git_has_put_there_is_left_alone(browser: Browser, query: Path) -> None:
    before = upstream(browser)
    query.write_text("select * from first")
    git = ["git", "-C", str(browser.root), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], check=True)
    browser.workspace.announcer.tell([query])
    browser.workspace.redrawing.changed([query])
    assert upstream(browser) == before
    query.write_text("select * from second")
    browser.workspace.announcer.tell([query])
    browser.workspace.redrawing.changed([query])
    assert "second" in upstream(browser)


def test_an_edge_that_would_close_a_ring_is_not_drawn(browser: Browser, query: Path) -> None:
    browser.ask("PATCH", "/pipelines/orders/blocks/first", {"upstream": ["report"]})
    before = upstream(browser)
    write(browser, query, "select * from first")
    assert upstream(browser) == before


def test_queries_are_forgotten_when_they_are_too_many() -> None:
    seen = SeenQueries()
    half = "x" * (REMEMBERED // 2)
    seen.first("a", half)
    seen.first("a", "later")
    assert seen.swap("a", half) == half
    seen.swap("b", half)
    seen.swap("c", half)
    assert seen.swap("a", "new") is None
    assert seen.swap("c", "new") == half
