"""The page Files: several files open at once, and the block files that nothing uses."""

from __future__ import annotations

import re
import shutil

from playwright.sync_api import Locator, Page, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import loader, pipeline
from tests.journeys.test_pages import violations
from tests.patience import until
from tests.server.running import Server


def _tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tab", name=re.compile(rf"^{re.escape(name)}(,|$)"))


def _text(page: Page, path: str) -> Locator:
    return page.get_by_role("textbox", name=path, exact=True)


def _entry(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=name, exact=True)


def _write(studio: Server, **files: str) -> None:
    for name, text in files.items():
        path = studio.project / name.replace("__", "/")
        path = path.with_name(path.name.replace("_py", ".py"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_several_files_are_open_and_nothing_typed_is_lost(studio: Server, tabs: Tabs) -> None:
    _write(studio, one_py="first = 1\nsecond = 2\n", two_py="other = 1\n", three_py="third = 3\n")
    page = tabs.open(studio, "/files")
    _entry(page, "one.py").click()
    # By mouse and by keyboard.
    _entry(page, "two.py").click(modifiers=["Control"])
    _entry(page, "three.py").focus()
    page.keyboard.press("Control+ ")
    expect(page.get_by_text("3 marked")).to_be_visible()
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("tab")).to_have_count(3)
    expect(_tab(page, "three.py")).to_have_attribute("aria-selected", "true")

    _tab(page, "one.py").click()
    expect(_text(page, "one.py")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("mine = 3")
    expect(page.get_by_role("tab", name="one.py, not saved")).to_be_visible()
    _tab(page, "two.py").click()
    expect(_text(page, "two.py")).to_be_focused()
    page.keyboard.type("# ")
    _tab(page, "one.py").click()
    expect(_text(page, "one.py")).to_contain_text("mine = 3")
    # Cursor and history are where they were: what is typed follows, and can be undone with what came before.
    page.keyboard.type("0")
    expect(_text(page, "one.py").locator(".cm-line").last).to_have_text("mine = 30")
    expect(page).to_have_url(re.compile(r"path=one\.py$"))
    page.keyboard.press("Control+s")
    until("it is saved", lambda: (studio.project / "one.py").read_text() == "first = 1\nsecond = 2\nmine = 30")
    expect(page.get_by_role("tab", name="one.py", exact=True)).to_be_visible()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(_text(page, "one.py")).not_to_contain_text("mine")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+y")
    expect(page.get_by_role("tab", name="one.py", exact=True)).to_be_visible()

    # Another page and back: the unsaved text of a tab that was not shown is there all the same.
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("link", name="Files", exact=True).click()
    expect(_tab(page, "one.py")).to_have_attribute("aria-selected", "true")
    _tab(page, "two.py").click(button="middle")
    expect(page.get_by_text("Closed two.py with unsaved text.")).to_be_visible()
    expect(page.get_by_role("tab")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(_text(page, "two.py")).to_have_text("# other = 1")
    expect(page.get_by_role("tab").nth(1)).to_have_accessible_name("two.py, not saved")
    assert violations(page) == []
    page.keyboard.press("Control+s")
    until("it is saved", lambda: (studio.project / "two.py").read_text() == "# other = 1\n")
    expect(page.get_by_role("tab", name="two.py", exact=True)).to_be_visible()

    page.reload()
    expect(page.get_by_role("tab")).to_have_count(3)
    expect(_text(page, "two.py")).to_be_visible()
    page.goto(f"{studio.url}/files")
    expect(page).to_have_url(re.compile(r"path=two\.py$"))


def test_tabs_by_keyboard(studio: Server, tabs: Tabs) -> None:
    _write(studio, a__same_py="a = 1\n", b__same_py="b = 1\n", last_py="x = 1\n")
    page = tabs.open(studio, "/files?path=a%2Fsame.py")
    _entry(page, "b").click()
    page.get_by_role("treeitem", name="same.py").nth(1).click()
    _entry(page, "last.py").click()
    first, second, last = (page.get_by_role("tab").nth(number) for number in range(3))
    expect(first).to_have_accessible_name("same.py, in a")
    expect(second).to_have_accessible_name("same.py, in b")
    last.focus()
    page.keyboard.press("ArrowRight")
    expect(first).to_be_focused()
    expect(first).to_have_attribute("aria-selected", "true")
    expect(_text(page, "a/same.py")).to_have_text("a = 1")
    page.keyboard.press("ArrowRight")
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(_text(page, "b/same.py")).to_be_focused()
    page.keyboard.press("Alt+PageDown")
    expect(_text(page, "last.py")).to_be_focused()
    page.keyboard.press("Alt+w")
    expect(page.get_by_role("tab")).to_have_count(2)
    expect(_text(page, "b/same.py")).to_be_focused()
    page.keyboard.press("Alt+Shift+t")
    expect(page.get_by_role("tab")).to_have_count(3)
    first.focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("tab", name="same.py", exact=True)).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.get_by_role("tab", name="last.py")).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.get_by_text("Open a file")).to_be_visible()
    expect(page).to_have_url(re.compile("/files$"))


def test_what_happens_to_files_reaches_tabs_that_are_not_shown(studio: Server, tabs: Tabs) -> None:
    # A file that goes is looked for once more by whoever has it open.
    tabs.watch.allow(r"answer: 404 GET .*/api/files", r"console: error .*404")
    _write(studio, parts__mine_py="a = 1\n", parts__quiet_py="b = 1\n", shown_py="c = 1\n")
    page = tabs.open(studio, "/files?path=parts%2Fquiet.py")
    expect(_text(page, "parts/quiet.py")).to_be_visible()
    _entry(page, "mine.py").click()
    _text(page, "parts/mine.py").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# mine ")
    _entry(page, "shown.py").click()
    expect(_text(page, "shown.py")).to_be_visible()

    # The folder gets another name: tabs follow, with what is unsaved in them.
    _entry(page, "parts").click(button="right")
    page.get_by_role("menuitem", name="Rename or move").click()
    page.get_by_role("textbox", name="New path in the project").fill("pieces")
    page.get_by_role("button", name="Move").click()
    expect(_entry(page, "pieces")).to_be_visible()
    expect(page.get_by_role("tab", name="mine.py, not saved")).to_have_attribute("title", re.compile("^pieces/mine.py"))

    _write(studio, pieces__mine_py="a = 2\n", pieces__quiet_py="b = 2\n")
    expect(page.get_by_role("tab", name="mine.py, changed elsewhere")).to_be_visible()
    _tab(page, "quiet.py").click()
    expect(_text(page, "pieces/quiet.py")).to_have_text("b = 2")
    _tab(page, "mine.py").click()
    page.get_by_role("button", name="Keep mine").click()
    until("mine is kept", lambda: (studio.project / "pieces/mine.py").read_text() == "# mine a = 1\n")

    _tab(page, "shown.py").click()
    shutil.rmtree(studio.project / "pieces")
    expect(page.get_by_role("tab", name="quiet.py, deleted")).to_be_visible()
    page.get_by_role("tab", name="mine.py, deleted").click()
    expect(page.get_by_text("This file was deleted.")).to_be_visible()
    page.get_by_role("button", name="Create it again").click()
    until("it is written", (studio.project / "pieces/mine.py").is_file)
    assert (studio.project / "pieces/mine.py").read_text() == "# mine a = 1\n"
    expect(page.get_by_role("tab", name="mine.py", exact=True)).to_be_visible()


def test_what_is_found_opens_in_tabs(studio: Server, tabs: Tabs) -> None:
    _write(studio, find__a_py="x = 1\ny = 'needle'\n", find__b_py="z = 'needle'\n")
    page = tabs.open(studio, "/files")
    page.get_by_role("textbox", name="Find in files").fill("needle")
    page.get_by_role("button", name="find/a.py:2").click()
    expect(_text(page, "find/a.py").locator(".cm-activeLine")).to_have_text("y = 'needle'")
    page.get_by_role("button", name="find/b.py:1").click()
    expect(_text(page, "find/b.py")).to_be_focused()
    expect(page.get_by_role("tab")).to_have_count(2)


def test_unused_block_files_are_found_opened_deleted_and_brought_back(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "in_use", {"name": "needed", "content": loader("{'a': [1]}")})
    page = tabs.open(studio, "/files")
    page.get_by_role("button", name="Unused block files").click()
    expect(page.get_by_text("No unused block files")).to_be_visible()
    _write(studio, data_loaders__old_py="a = 1\n", data_loaders__older_py="b = 1\n", custom__helper_py="c = 1\n")
    listed = page.get_by_role("list", name="Unused block files").get_by_role("listitem")
    expect(listed).to_have_count(3)
    _write(studio, data_exporters__uses_py="from custom import helper\n")
    expect(listed).to_have_text(
        [re.compile("data_exporters/uses"), re.compile("data_loaders/old.py"), re.compile("older")]
    )
    assert violations(page) == []

    listed.filter(has_text="data_loaders/old.py").get_by_role("button").first.click()
    expect(_text(page, "data_loaders/old.py")).to_be_visible()
    page.get_by_role("checkbox", name="Choose data_loaders/old.py").check()
    page.get_by_role("checkbox", name="Choose data_loaders/older.py").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(listed).to_have_count(1)
    assert not (studio.project / "data_loaders/old.py").exists()
    expect(page.get_by_role("tab")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(listed).to_have_count(3)
    expect(_text(page, "data_loaders/old.py")).to_have_text("a = 1")

    # What a pipeline may need that cannot be read is not offered for deletion.
    (studio.project / "pipelines/broken").mkdir()
    (studio.project / "pipelines/broken/metadata.yaml").write_text("{[ broken\nblocks:\n- uuid: old\n")
    expect(page.get_by_text("Not everything could be read")).to_be_visible()
    expect(listed).to_have_count(2)
    page.get_by_role("button", name="pipelines/broken/metadata.yaml").click()
    expect(_tab(page, "metadata.yaml")).to_be_visible()
