"""A studio that is read only says so, and lets nothing be typed or begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.cli.projects import B, write_project
from tests.journeys.browsing import Tabs
from tests.journeys.conftest import Start
from tests.journeys.editing import card, code


@pytest.mark.parametrize("level", ["1", "2"])
def test_nothing_is_typed_and_blocks_run_only_where_they_may(
    start_studio: Start, tabs: Tabs, tmp_path: Path, level: str
) -> None:
    project = write_project(tmp_path / "project", sales=[B("load", "data_loader", "return 5")])
    studio = start_studio(project, environment={"PENSTOCK_READ_ONLY": level})
    page = tabs.open(studio, "/pipelines/sales")
    expect(page.get_by_role("note").filter(has_text="This server is read only")).to_be_visible()
    expect(code(page, "load")).to_have_attribute("contenteditable", "false")
    run_all = page.get_by_role("button", name="Run all")
    if level == "1":
        expect(run_all).to_be_disabled()
        return
    run_all.click()
    expect(card(page, "load").get_by_text("done").first).to_be_visible()
