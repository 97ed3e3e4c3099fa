"""What belongs to a block: conditions and callbacks beside its code, the children that it ran for each item."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import card, cell, code, grid, loader, pipeline, state, write
from tests.server.running import Server

NO = "@condition\ndef never(*args, **kwargs):\n    return False\n"


def test_a_condition_is_added_says_no_and_is_deleted_with_undo(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "choosy", {"name": "load", "content": loader("{'a': [1]}")})
    page = tabs.open(studio, "/pipelines/choosy?block=load")
    _add(page, "load", "Add a condition")
    write(page, "load condition", NO)
    expect(page.get_by_text("saved", exact=True)).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(card(page, "load").get_by_text("Not run: condition load_condition said no.")).to_be_visible()
    attached = page.get_by_role("list", name="Attached to load")
    expect(attached.get_by_text("said no in the last run")).to_be_visible()

    attached.get_by_role("button", name="More about load condition").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(attached).to_have_count(0)
    file = studio.project / "conditionals" / "load_condition.py"
    page.get_by_role("button", name="Undo").click()
    expect(attached.get_by_text("load condition", exact=True)).to_be_visible()
    assert file.read_text() == NO


BAD = "@callback('success')\ndef tell(data, **kwargs):\n    raise ConnectionError('the chat is closed')\n"


def test_a_callback_that_fails_is_told_apart_from_its_block(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "tactless", {"name": "made", "content": loader("{'a': [1]}")})
    page = tabs.open(studio, "/pipelines/tactless?block=made")
    _add(page, "made", "Add a callback")
    write(page, "made callback", BAD)
    expect(page.get_by_text("saved", exact=True)).to_be_visible()
    page.keyboard.press("Control+Enter")
    state(page, "made", "done")
    told = card(page, "made").get_by_role("region", name="Callbacks that failed")
    expect(told).to_contain_text("The callback made_callback failed after the block's success.")
    expect(told.get_by_role("group", name="Why the callback failed")).to_contain_text("the chat is closed")
    run = studio.get("/api/pipelines/tactless/status")["blocks"]["made"]["run"]

    other = tabs.open(studio, f"/runs/{run}")
    expect(other.get_by_text("A callback failed after made. How it ended stands.")).to_be_visible()
    other.get_by_role("link", name="made", exact=True).click()
    told = other.get_by_role("region", name="Callbacks that failed")
    told.get_by_role("button", name="callbacks/made_callback.py:3").click()
    expect(other.get_by_role("textbox", name="callbacks/made_callback.py")).to_contain_text("the chat is closed")


def test_a_callback_from_a_template_is_renamed_and_attached_to_a_second_block(studio: Server, tabs: Tabs) -> None:
    pipeline(
        studio,
        "tidings",
        {"name": "fetch", "content": loader("{'a': [1]}")},
        {"name": "clean", "type": "transformer", "upstream": ["fetch"]},
    )
    page = tabs.open(studio, "/pipelines/tidings?block=fetch")
    _add(page, "fetch", "Add a callback", "Log success and failure")
    expect(code(page, "fetch callback")).to_contain_text("log_failure")
    attached = page.get_by_role("list", name="Attached to fetch")
    attached.get_by_role("button", name="More about fetch callback").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name of fetch callback").fill("tell")
    page.keyboard.press("Enter")
    attached.get_by_role("button", name="More about tell").click()
    page.get_by_role("menuitem", name="Attach to another block").click()
    page.get_by_role("menuitem", name="clean").click()
    expect(page.get_by_role("list", name="Attached to clean").get_by_text("its code is at fetch")).to_be_visible()
    found = studio.get("/api/pipelines/tidings")["callbacks"]
    assert [(one["uuid"], one["upstream"], one["file"]) for one in found] == [
        ("tell", ["fetch", "clean"], "callbacks/tell.py")
    ]


def test_the_children_of_a_block_are_listed_and_their_rows_are_paged(studio: Server, tabs: Tabs) -> None:
    items = "[[2, 3], [{'block_uuid': 'two'}, {'block_uuid': 'three'}]]"
    pipeline(
        studio,
        "fan",
        {
            "name": "many",
            "content": f"@data_loader\ndef many(**kwargs):\n    return {items}\n",
            "configuration": {"dynamic": True},
        },
        {
            "name": "each",
            "type": "transformer",
            "upstream": ["many"],
            "content": "import pandas as pd\n\n\n@transformer\ndef each(many, **kwargs):\n"
            "    return pd.DataFrame({'n': [many * 10 + at for at in range(many * 100)]})\n",
        },
    )
    page = tabs.open(studio, "/pipelines/fan?block=each&tab=data")
    page.get_by_role("button", name="Run all").click()
    children = page.get_by_role("listbox", name="Children of each")
    expect(card(page, "each").get_by_text("2 children: 2 done")).to_be_visible()
    children.get_by_role("option", name="three").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("^300 rows"))).to_be_visible()
    expect(grid(page, "each:three").get_by_role("gridcell", name="31", exact=True)).to_be_visible()
    page.reload()
    expect(grid(page, "each:three")).to_be_visible()


def test_what_stands_beside_and_how_columns_are_arranged_is_there_after_a_reload(studio: Server, tabs: Tabs) -> None:
    pipeline(
        studio,
        "kept",
        {"name": "wide", "content": loader("{'a': [1], 'b': [2], 'c': [3]}")},
        {"name": "below", "type": "transformer", "upstream": ["wide"]},
    )
    page = tabs.open(studio, "/pipelines/kept?block=wide&tab=data")
    page.get_by_role("button", name="Run all").click()
    expect(cell(page, "wide", "3")).to_be_visible()
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_role("checkbox", name="Show b", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("1 hidden")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 hidden")).to_be_visible()
    card(page, "below").get_by_role("button", name="More about below").click()
    page.get_by_role("menuitem", name="Show it beside the others").click()
    beside = page.get_by_role("region", name="Beside")
    expect(beside.get_by_role("article")).to_be_visible()
    page.reload()
    expect(beside.get_by_role("article")).to_be_visible()
    beside.get_by_role("button", name="Put below back into its place").click()
    expect(beside).to_have_count(0)


def test_a_failed_block_is_run_in_the_editor_on_what_it_was_given_then(studio: Server, tabs: Tabs) -> None:
    take = "@transformer\ndef take(found, **kwargs):\n    assert found['n'] > 1, 'too few'\n    return found['n']\n"
    pipeline(
        studio,
        "again",
        {"name": "count", "content": "@data_loader\ndef count(**kwargs):\n    return {'n': kwargs.get('n', 1)}\n"},
        {"name": "take", "type": "transformer", "upstream": ["count"], "content": take},
    )
    page = tabs.open(studio, "/pipelines/again?block=take&tab=data")
    page.get_by_role("button", name="Run all").click()
    state(page, "take", "failed")
    run = studio.get("/api/pipelines/again/status")["blocks"]["take"]["run"]
    studio.post("/api/pipelines/again/runs", {"variables": {"n": 2}})
    state(page, "take", "done")
    page = tabs.open(studio, f"/runs/{run}?block=take", beside=page)
    page.get_by_role("link", name="Open with these inputs").click()
    note = page.get_by_role("note", name="What it runs on")
    expect(note).to_contain_text(f"run {run}: count as it was then")
    _fails_as_then_and_not_on_the_newest(page, note, "take")


def test_a_failed_block_is_run_in_the_editor_with_the_variables_of_its_run(studio: Server, tabs: Tabs) -> None:
    text = "@data_loader\ndef daily(**kwargs):\n    assert kwargs.get('day') != 'bad', 'no such day'\n    return 1\n"
    pipeline(studio, "varied", {"name": "daily", "content": text})
    page = tabs.open(studio, "/pipelines/varied?block=daily&tab=data")
    run = studio.post("/api/pipelines/varied/runs", {"variables": {"day": "bad"}})["run"]["run"]
    state(page, "daily", "failed")
    studio.post("/api/pipelines/varied/runs", {})
    state(page, "daily", "done")
    page = tabs.open(studio, f"/runs/{run}?block=daily", beside=page)
    page.get_by_role("link", name="Open with these variables").click()
    note = page.get_by_role("note", name="What it runs on")
    expect(note).to_contain_text("with day of that run")
    _fails_as_then_and_not_on_the_newest(page, note, "daily")


def _fails_as_then_and_not_on_the_newest(page: Page, note: Locator, block: str) -> None:
    code(page, block).click()
    page.keyboard.press("Control+Enter")
    state(page, block, "failed")
    note.get_by_role("button", name="Use the newest").click()
    expect(note).to_have_count(0)
    code(page, block).click()
    page.keyboard.press("Control+Enter")
    state(page, block, "done")


def _add(page: Page, block: str, what: str, choice: str = "") -> None:
    card(page, block).get_by_role("button", name=f"More about {block}", exact=True).click()
    page.get_by_role("menuitem", name=what).click()
    page.get_by_role("combobox", name="Search blocks and templates").fill(choice)
    page.get_by_role("option", name=choice or "New").first.click()
