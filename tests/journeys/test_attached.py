"""What is attached to a block: conditions and callbacks, beside its code."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import card, code, loader, pipeline, write
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


def _add(page: Page, block: str, what: str, choice: str = "") -> None:
    card(page, block).get_by_role("button", name=f"More about {block}", exact=True).click()
    page.get_by_role("menuitem", name=what).click()
    page.get_by_role("combobox", name="Search blocks and templates").fill(choice)
    page.get_by_role("option", name=choice or "New").first.click()
