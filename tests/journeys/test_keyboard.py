"""Without a mouse: make a pipeline, write and run blocks, move between them, put them in another order."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import card, code, loader, pipeline, state
from tests.server.running import Server


def test_a_pipeline_is_made_and_run_by_the_keyboard_alone(studio: Server, tabs: Tabs) -> None:
    page = tabs.open(studio, "/")
    keys = page.keyboard
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    keys.type("gp")
    expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
    keys.press("n")
    expect(page.get_by_role("textbox", name="Name of the pipeline")).to_be_focused()
    keys.press("Control+a")
    keys.type("by keys")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("/pipelines/by_keys"))
    expect(page.get_by_role("heading", level=1).get_by_role("button", name="by keys")).to_be_visible()

    keys.press("Control+/")
    search = page.get_by_role("combobox", name="Search blocks and templates")
    expect(search).to_be_focused()
    keys.press("Enter")
    first = page.get_by_role("article").first
    expect(first.get_by_role("textbox", name=re.compile("^Code of"))).to_be_focused()
    keys.press("Control+a")
    # Typed key by key: brackets close and lines indent themselves, and what is typed over them counts once.
    keys.type("@data_loader\ndef load():\nreturn [{'a': 1}, {'a': 2}]")
    keys.press("Control+Enter")
    expect(first.get_by_role("status").filter(has_text=re.compile("^done"))).to_be_visible()
    # Who asks for them while the block gets another name hears that there are none.
    expect(page.get_by_role("region", name="Selected").get_by_label("Version")).to_be_visible()

    keys.press("Escape")
    expect(first).to_be_focused()
    keys.press("F2")
    name = first.get_by_role("textbox", name=re.compile("^Name of block"))
    expect(name).to_be_focused()
    keys.press("Control+a")
    keys.type("numbers")
    keys.press("Enter")
    expect(card(page, "numbers")).to_be_visible()

    card(page, "numbers").focus()
    keys.press("b")
    expect(search).to_be_focused()
    keys.type("blank transformer")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Python")
    keys.press("Enter")
    second = page.get_by_role("article").nth(1)
    expect(second.get_by_role("textbox", name=re.compile("^Code of"))).to_be_focused()
    keys.press("Control+a")
    keys.type("@transformer\ndef add(numbers):\nreturn sum(one['a'] for one in numbers)")
    keys.press("Control+Enter")
    expect(second.get_by_role("status").filter(has_text=re.compile("^done"))).to_be_visible()
    expect(page.get_by_role("region", name="Selected")).to_contain_text("3")


def test_blocks_are_walked_moved_and_deleted_by_the_keyboard_alone(studio: Server, tabs: Tabs) -> None:
    adds = "@transformer\ndef add(digits):\n    return sum(digits['a'])\n"
    pipeline(
        studio,
        "walked",
        {"name": "digits", "content": loader("{'a': [1, 2]}")},
        {"name": "adds", "type": "transformer", "upstream": ["digits"], "content": adds},
    )
    page = tabs.open(studio, "/pipelines/walked?block=adds")
    keys = page.keyboard
    code(page, "adds").focus()
    keys.press("Escape")
    expect(card(page, "adds")).to_be_focused()
    keys.press("k")
    expect(card(page, "digits")).to_be_focused()
    expect(page).to_have_url(re.compile("block=digits"))
    keys.press("Enter")
    expect(code(page, "digits")).to_be_focused()
    keys.press("Escape")
    keys.press("l")
    expect(page.get_by_role("tab", name="Logs")).to_have_attribute("aria-selected", "true")

    keys.press("Alt+ArrowDown")
    expect(page.get_by_role("article", name="Block 2: digits")).to_be_visible()
    keys.type("dd")
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("button", name="Undo").focus()
    keys.press("Enter")
    expect(page.get_by_role("article")).to_have_count(2)
    keys.press("Control+Shift+Enter")
    state(page, "adds", "done")


def test_the_palette_finds_and_does(studio: Server, tabs: Tabs) -> None:
    page = tabs.open(studio, "/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("example_pipeline")
    option = page.get_by_role("option").filter(has_text="example_pipeline").first
    expect(option).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/pipelines/example_pipeline"))
    expect(page.get_by_role("article").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("Variables of the pipeline")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Variables of the pipeline")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("view=variables"))
    # What was chosen comes first the next time, without a letter.
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").nth(0)).to_contain_text("Variables of the pipeline")
    expect(page.get_by_role("option").nth(1)).to_contain_text("example_pipeline")


def test_the_history_tells_what_was_done_and_brings_back_what_was_deleted(studio: Server, tabs: Tabs) -> None:
    page = tabs.open(studio, "/pipelines/example_pipeline?block=save_rain")
    blocks = page.get_by_role("article")
    expect(blocks.first).to_be_visible()
    before = blocks.count()
    page.keyboard.press("Control+k")
    page.keyboard.type("Delete ")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Delete")
    page.keyboard.press("Enter")
    expect(blocks).to_have_count(before - 1)
    expect(page.get_by_role("status").filter(has_text="Deleted")).to_be_visible()
    # The message with its own way back is gone after a reload; the history is not.
    page.reload()
    expect(blocks).to_have_count(before - 1)
    page.keyboard.press("g")
    page.keyboard.press("i")
    dialog = page.get_by_role("dialog", name="History")
    done = dialog.get_by_role("listitem")
    expect(done.first).to_contain_text("Deleted the block")
    dialog.get_by_label("Find in the history").fill("nothing like it")
    expect(dialog).to_contain_text("Nothing of that name")
    dialog.get_by_label("Find in the history").fill("")
    dialog.get_by_role("button", name="Undo: Deleted the block").click()
    expect(done.first).to_contain_text("Took a deletion back")
    expect(dialog.get_by_role("button", name="Undo: Deleted the block")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(blocks).to_have_count(before)


def test_the_terminal_has_a_page_of_its_own_and_goes_on_below_the_others(studio: Server, tabs: Tabs) -> None:
    page = tabs.open(studio, "/data")
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    page.keyboard.press("Control+`")
    shell = page.locator("section[aria-label=Terminal]")
    lines = shell.get_by_role("list")
    page.get_by_role("button", name="On the whole page").click()
    expect(page).to_have_url(re.compile("/terminal$"))
    expect(page.get_by_role("heading", name="Data")).to_be_hidden()
    screen = shell.get_by_label("Terminal input")
    screen.focus()
    page.keyboard.type("echo still''here")
    page.keyboard.press("Enter")
    expect(lines).to_contain_text("stillhere")
    page.get_by_role("button", name="Back to the pages").click()
    expect(page).to_have_url(re.compile("/data$"))
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    expect(lines).to_contain_text("stillhere")
    names = shell.get_by_role("combobox").locator("option").all_inner_texts()
    assert len(names) == len(set(names)), names
    shell.get_by_role("combobox").select_option(label="sh")
    screen.focus()
    page.keyboard.type("echo $0")
    page.keyboard.press("Enter")
    expect(lines).to_contain_text("/sh")
    expect(lines).not_to_contain_text("stillhere")


def test_what_is_typed_before_the_shell_is_there_reaches_it(studio: Server, tabs: Tabs) -> None:
    page = tabs.open(studio, "/data")
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    # A connection that takes until it is let through, as over a slow line.
    page.evaluate(
        """() => {
            const Socket = window.WebSocket;
            window.WebSocket = class extends Socket {
                waits = this.url.includes("/api/terminal");
                get readyState() { return this.waits ? Socket.CONNECTING : super.readyState; }
                set onopen(then) {
                    const opened = new Promise((open) => (super.onopen = open));
                    const let_through = new Promise((go) => (window.letThrough = go));
                    void Promise.all([opened, this.waits && let_through]).then(() => { this.waits = false; then(); });
                }
            };
        }"""
    )
    page.keyboard.press("Control+`")
    page.get_by_label("Terminal input").focus()
    page.keyboard.type("echo ear''ly")
    page.keyboard.press("Enter")
    page.evaluate("() => window.letThrough()")
    expect(page.locator("section[aria-label=Terminal]").get_by_role("list")).to_contain_text("early")
