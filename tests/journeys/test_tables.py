"""Tables as one reads them: wide ones, times, conditions, arrangement by keyboard; and values that are trees."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import cell, grid, pipeline
from tests.journeys.places import run
from tests.patience import until
from tests.server.running import Server

WIDE = """\
import numpy as np
import pandas as pd


@data_loader
def load():
    return pd.DataFrame(np.arange(3_000_000).reshape(1000, 3000), columns=[f"c{at:04}" for at in range(3000)])
"""
TIMES = """\
import pandas as pd


@data_loader
def load():
    moments = pd.date_range("2024-06-30 22:00", periods=48, freq="h", tz="UTC").tz_convert("Asia/Tokyo")
    tails = [None if at % 4 == 0 else f"N{at}JB" for at in range(48)]
    return pd.DataFrame({"at": moments, "tail": tails, "n": range(48)})
"""
NESTED = """\
@data_loader
def load():
    return {"people": [{"id": at, "note": "needle" if at == 41_234 else "hay"} for at in range(50_000)]}
"""


def heads(rows: Locator) -> Locator:
    return rows.get_by_role("columnheader")


def condition(page: Page, rows: Locator, column: str) -> Locator:
    """The form of a condition on a column, opened."""
    rows.get_by_role("button", name=f"Filter by {column}").click()
    return page.get_by_role("dialog", name=f"Condition on {column}")


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=re.compile(f"^{text}"))).to_be_visible()


def test_every_column_of_a_wide_table_is_reached_and_arranged_by_keyboard(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "wide", {"name": "columns", "content": WIDE})
    run(studio, "wide", [])
    page = tabs.open(studio, "/pipelines/wide?block=columns")
    rows = grid(page, "columns")
    told(page, "1,000 rows \N{MULTIPLICATION SIGN} 3,000 columns")
    expect(rows).to_have_attribute("aria-colcount", "3001")
    rows.focus()
    page.keyboard.press("g")
    page.keyboard.type("2345")
    page.keyboard.press("Enter")
    expect(rows).to_be_focused()
    expect(cell(page, "columns", "2345")).to_be_visible()

    page.keyboard.press("p")
    page.keyboard.press("Control+End")
    expect(cell(page, "columns", "2999999")).to_be_visible()
    expect(cell(page, "columns", "2999345")).to_be_visible()
    expect(heads(rows).nth(1)).to_contain_text("c2345")

    page.keyboard.press("Home")
    before = heads(rows).nth(1).bounding_box()
    for _ in range(3):
        page.keyboard.press("+")
    assert before is not None
    until("the width", lambda: (heads(rows).nth(1).bounding_box() or before)["width"] == before["width"] + 48)

    page.keyboard.press("ArrowRight")
    expect(heads(rows).nth(2)).to_contain_text("c0000")
    page.keyboard.press("Shift+Alt+ArrowRight")
    expect(heads(rows).nth(2)).to_contain_text("c0001")
    page.keyboard.press("h")
    told(page, re.escape("1,000 rows \N{MULTIPLICATION SIGN} 3,000 columns, 1 hidden"))


def test_times_are_shown_and_filtered_in_the_chosen_zone(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "moments", {"name": "times", "content": TIMES})
    run(studio, "moments", [])
    page = tabs.open(studio, "/pipelines/moments?block=times", timezone_id="America/New_York")
    rows = grid(page, "times")
    expect(heads(rows).nth(1)).to_contain_text("local")
    expect(cell(page, "times", "2024-06-30 18:00:00-04:00")).to_be_visible()

    page.evaluate("localStorage.setItem('penstock.preferences', JSON.stringify({ zone: 'utc' }))")
    page.reload()
    expect(heads(rows).nth(1)).to_contain_text("UTC")
    expect(cell(page, "times", "2024-06-30 22:00:00Z")).to_be_visible()
    form = condition(page, rows, "at")
    form.get_by_role("combobox", name="Operator").select_option("between")
    form.get_by_role("textbox", name="From").fill("2024-07-01")
    form.get_by_role("textbox", name="To").fill("2024-07-01 05:00")
    form.get_by_role("button", name="Keep these rows").click()
    told(page, "6 of 48 rows")
    expect(cell(page, "times", "2024-07-01 00:00:00Z")).to_be_visible()


def test_what_says_no_keeps_rows_without_a_value(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "tails", {"name": "planes", "content": TIMES})
    run(studio, "tails", [])
    page = tabs.open(studio, "/pipelines/tails?block=planes")
    rows = grid(page, "planes")
    told(page, "48 rows")
    form = condition(page, rows, "tail")
    form.get_by_role("combobox", name="Operator").select_option("!=")
    form.get_by_role("textbox", name="Value").fill("N1JB")
    form.get_by_role("button", name="Keep these rows").click()
    told(page, "47 of 48 rows")
    form = condition(page, rows, "tail")
    form.get_by_role("combobox", name="Operator").select_option("matches")
    form.get_by_role("textbox", name="Value").fill("^N[0-9]JB$")
    form.get_by_role("button", name="Keep these rows").click()
    told(page, "6 of 48 rows")


def test_a_text_is_found_in_a_large_tree(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "trees", {"name": "people", "content": NESTED})
    run(studio, "trees", [])
    page = tabs.open(studio, "/pipelines/trees?block=people")
    page.get_by_role("textbox", name="Find in the value").fill("NEEDLE")
    page.get_by_role("list", name="Found").get_by_role("button").click()
    place = page.get_by_role("treeitem", selected=True)
    expect(place).to_have_text('note: "needle"')
    expect(place).to_have_attribute("aria-level", "4")
    assert page.get_by_role("treeitem").count() < 200
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("treeitem", selected=True)).to_contain_text("41234")
