"""From nothing to rows on the screen; from a traceback to a block that works; SQL over Python; a chart."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.browsing import Tabs
from tests.journeys.conftest import Start
from tests.journeys.editing import card, code, loader, pipeline, state, write_here
from tests.server.running import Server


def test_first_start_to_first_output(start_studio: Start, tabs: Tabs, tmp_path: Path) -> None:
    server = start_studio(tmp_path / "new", logs_in=False)
    page = tabs.context().new_page()
    page.goto(server.link)
    assert "token" not in page.url
    page.get_by_role("button", name="New pipeline").click()
    page.get_by_role("button", name=re.compile("^Python")).click()
    block = page.get_by_role("article")
    editor = block.get_by_role("textbox", name=re.compile("^Code of"))
    expect(editor).to_be_focused()
    write_here(page, loader("{'city': ['Turku', 'Oulu'], 'trains': [12, 7]}"))
    page.keyboard.press("Control+Enter")

    rows = page.get_by_role("grid")
    expect(rows.get_by_role("gridcell", name="Oulu", exact=True)).to_be_visible()
    expect(rows.get_by_role("gridcell", name="12", exact=True)).to_be_visible()
    expect(block.get_by_role("status").filter(has_text="done")).to_contain_text("2 rows")

    written = [file.read_text() for file in (tmp_path / "new" / "data_loaders").glob("*.py")]
    assert any("Turku" in text for text in written)


def test_a_failing_block_is_mended_from_its_traceback(studio: Server, tabs: Tabs) -> None:
    broken = "@data_loader\ndef load():\n    amounts = [3, 4]\n    total = sum(amounts)\n    return total / 0\n"
    pipeline(studio, "mend", {"name": "divide", "content": broken})
    page = tabs.open(studio, "/pipelines/mend?block=divide")
    card(page, "divide").get_by_role("button", name="Run", exact=True).click()
    state(page, "divide", "failed")

    why = card(page, "divide").get_by_role("group", name="Why it failed")
    expect(why).to_contain_text("ZeroDivisionError: division by zero")
    why.get_by_role("button", name="data_loaders/divide.py:5").click()
    expect(code(page, "divide")).to_be_focused()

    # The cursor stands in the line that failed: what is typed now replaces that line.
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text("return total / 2")
    page.keyboard.press("Control+Enter")
    state(page, "divide", "done")
    expect(why).to_be_hidden()
    expect(page.get_by_role("region", name="Selected")).to_contain_text("3.5")


def test_an_sql_block_takes_two_python_blocks_by_naming_them(studio: Server, tabs: Tabs) -> None:
    pipeline(
        studio,
        "joined",
        {"name": "trains", "content": loader("{'city': ['Turku', 'Oulu'], 'trains': [12, 7]}")},
        {"name": "people", "content": loader("{'city': ['Turku', 'Oulu'], 'people': [198, 211]}")},
    )
    page = tabs.open(studio, "/pipelines/joined?tab=graph")
    add = page.get_by_role("group", name="Add a block at the end")
    add.get_by_role("button", name="SQL", exact=True).click()
    editor = page.get_by_role("article").nth(2).get_by_role("textbox", name=re.compile("^Code of"))
    expect(editor).to_be_focused()
    write_here(
        page, "select city, people / trains as people_a_train\nfrom trains join people using (city)\norder by city\n"
    )

    third = page.get_by_role("article").nth(2)
    expect(third.get_by_role("button", name="trains", exact=True)).to_be_visible()
    expect(third.get_by_role("button", name="people", exact=True)).to_be_visible()
    page.get_by_role("button", name="Run all").click()
    expect(third.get_by_role("status").filter(has_text="done")).to_contain_text("2 rows")

    page.get_by_role("tab", name="Data").click()
    rows = page.get_by_role("grid")
    expect(rows.get_by_role("gridcell", name="Oulu", exact=True)).to_be_visible()
    expect(rows.get_by_role("gridcell", name=re.compile(r"^30\.14"))).to_be_visible()
    blocks = studio.get("/api/pipelines/joined")["blocks"]
    assert sorted(blocks[2]["upstream"]) == ["people", "trains"]


def test_a_chart_is_made_from_an_output_and_kept_in_the_pipelines_file(studio: Server, tabs: Tabs) -> None:
    pipeline(
        studio,
        "charted",
        {"name": "visits", "content": loader("{'day': ['Mon', 'Tue', 'Mon', 'Wed'], 'visits': [3, 5, 4, 1]}")},
    )
    page = tabs.open(studio, "/pipelines/charted?block=visits&tab=chart")
    expect(page.get_by_role("heading", name="Nothing to chart yet")).to_be_visible()
    card(page, "visits").get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Add a chart").first.click()
    page.get_by_role("button", name="Change the chart").click()
    page.get_by_role("combobox", name="Chart", exact=True).select_option("pie chart")
    page.get_by_label("By", exact=True).select_option("day")
    page.get_by_label("Aggregation").select_option("sum")
    page.get_by_label("Column", exact=True).select_option("visits")
    # Closing the form keeps what was chosen a moment ago.
    with page.expect_response(lambda answer: "/charts/" in answer.url and answer.request.method == "PATCH"):
        page.get_by_role("button", name="Close the form").click()
    page.get_by_role("button", name="Show its points as a table").click()
    points = page.get_by_role("region", name="Selected").get_by_role("table")
    expect(points.get_by_role("row").filter(has_text="Mon")).to_contain_text("7")

    file = studio.project / "pipelines" / "charted" / "metadata.yaml"
    (chart,) = studio.get("/api/pipelines/charted")["charts"]
    assert chart["configuration"]["chart_type"] == "pie chart"
    assert chart["configuration"]["metrics"] == [{"aggregation": "sum", "column": "visits"}]
    assert "widgets:" in file.read_text()
    page.reload()
    expect(page.get_by_role("region", name=chart["name"])).to_be_visible()
