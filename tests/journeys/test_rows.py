"""Ten million rows: every one of them can be looked at, in any order, under any condition."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import card, cell, grid, pipeline
from tests.server.running import Server

ROWS = 10_000_000
ROW_HEIGHT = 24
MANY = f"""\
import numpy as np
import pandas as pd


@data_loader
def load():
    number = np.arange({ROWS}, dtype="int32")
    return pd.DataFrame({{"number": number, "mixed": (number * 7919) % 1_000_003}})
"""


def first_row(rows: Locator) -> int:
    """The row that is drawn first, from 0."""
    return int(rows.get_by_role("row").nth(1).get_attribute("aria-rowindex") or 0) - 2


def scroll(page: Page, rows: Locator, count: int) -> None:
    """Turn the wheel by so many rows' height, and see that exactly as many passed."""
    before = first_row(rows)
    page.mouse.wheel(0, count * ROW_HEIGHT)
    expect(rows.get_by_role("row").nth(1)).to_have_attribute("aria-rowindex", str(before + count + 2))


def test_ten_million_rows_are_walked_sorted_and_filtered(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "many", {"name": "rows", "content": MANY})
    page = tabs.open(studio, "/pipelines/many?block=rows")
    card(page, "rows").get_by_role("button", name="Run", exact=True).click()
    rows = grid(page, "rows")
    expect(rows).to_have_attribute("aria-rowcount", str(ROWS + 1))
    expect(cell(page, "rows", "7919")).to_be_visible()

    rows.hover()
    scroll(page, rows, 3)
    scroll(page, rows, 40)
    scroll(page, rows, -43)

    rows.focus()
    page.keyboard.press("Control+End")
    expect(cell(page, "rows", str(ROWS - 1))).to_be_visible()
    expect(rows.get_by_role("row").last).to_have_attribute("aria-rowindex", str(ROWS + 1))
    scroll(page, rows, -5)
    scroll(page, rows, -100)

    rows.get_by_role("button", name="mixed", exact=True).click()
    rows.get_by_role("button", name="mixed", exact=True).click()
    expect(rows.get_by_role("columnheader").filter(has_text="mixed")).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Control+Home")
    expect(cell(page, "rows", "1000002").first).to_be_visible()

    rows.get_by_role("button", name="Filter by number").click()
    form = page.get_by_role("dialog", name="Condition on number")
    form.get_by_role("combobox", name="Operator").select_option("<")
    form.get_by_role("textbox", name="Value").fill("1,000")
    form.get_by_role("button", name="Keep these rows").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("^1,000 of 10,000,000 rows"))).to_be_visible()
    expect(rows).to_have_attribute("aria-rowcount", "1001")
    page.get_by_role("button", name=re.compile("^Remove the condition")).click()
    expect(rows).to_have_attribute("aria-rowcount", str(ROWS + 1))
