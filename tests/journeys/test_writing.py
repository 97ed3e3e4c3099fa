"""Writing in the studio: two blocks side by side, SQL that is laid out, files that meet, templates, many pipelines at once."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import card, code, loader, pipeline, write
from tests.patience import until
from tests.server.running import Server

FRAME = loader("{'a': [1, 2, 2], 'b': ['x', 'y', 'y']}")


def test_two_blocks_stand_side_by_side(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "beside", {"name": "first", "content": FRAME}, {"name": "second", "content": FRAME})
    page = tabs.open(studio, "/pipelines/beside?block=second")
    expect(code(page, "second")).to_be_visible()
    card(page, "second").focus()
    page.keyboard.press("s")
    beside = page.get_by_role("region", name="Beside")
    expect(beside.get_by_role("textbox", name="Code of second")).to_be_visible()
    expect(code(page, "first")).to_be_visible()
    left, right = card(page, "first").bounding_box(), card(page, "second").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    write(page, "second", FRAME.replace("'a'", "'other'"))
    page.get_by_role("button", name="Put second back into its place").click()
    expect(beside).to_have_count(0)
    expect(code(page, "second")).to_contain_text("'other'")


def test_sql_is_laid_out_without_changing_what_it_says(studio: Server, tabs: Tabs) -> None:
    made = pipeline(studio, "layout", {"name": "table", "content": FRAME})
    body = {
        "name": "query",
        "type": "transformer",
        "language": "sql",
        "upstream": [made["table"]],
        "content": "select 1",
    }
    studio.post("/api/pipelines/layout/blocks", {**body, "after": made["table"]})
    page = tabs.open(studio, "/pipelines/layout?block=query")
    write(page, "query", "select a,count(*) as n -- how many\nfrom {{ df_1 }} where b<>'  y' group by a")
    page.keyboard.press("Shift+Alt+F")
    expect(code(page, "query").locator(".cm-line").first).to_have_text("select")
    lines = code(page, "query").locator(".cm-line").all_inner_texts()
    assert lines[:6] == ["select", "  a,", "  count(*) as n -- how many", "from", "  {{ df_1 }}", "where"]
    assert "  b <> '  y'" in lines

    write(page, "query", "select broken ((")
    page.keyboard.press("Shift+Alt+F")
    expect(page.get_by_text("It stays as it is.")).to_be_visible()
    expect(code(page, "query")).to_have_text("select broken ((")


def test_a_file_that_changed_on_disk_is_merged_three_ways(studio: Server, tabs: Tabs) -> None:
    file = studio.project / "notes.py"
    file.write_text("first = 1\n\nsecond = 2\n\nthird = 3\n")
    page = tabs.open(studio, "/files?path=notes.py")
    editor = page.get_by_role("textbox", name="notes.py")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# mine\n")
    file.write_text("first = 1\n\nsecond = 2\n\nthird = 30\n")
    page.get_by_role("button", name="Merge…").click()
    merge = page.get_by_role("dialog", name="Merge notes.py")
    expect(merge.get_by_text("does not overlap")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        merge.get_by_role("button", name="Save the result").click()
    assert file.read_text() == "# mine\nfirst = 1\n\nsecond = 2\n\nthird = 30\n"


def test_a_template_is_written_used_and_brought_back(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "shop", {"name": "orders", "content": FRAME})
    page = tabs.open(studio, "/templates")
    page.get_by_role("button", name="New template").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("our cleaning")
    page.get_by_role("textbox", name="What it is for").fill("Takes out what is there twice")
    editor = page.get_by_role("textbox", name="Code of the template")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("@transformer\ndef clean(frame):\n    return frame.drop_duplicates()\n")
    page.get_by_role("button", name="Save the template").click()
    preview = page.get_by_role("article", name="our cleaning")
    expect(preview.get_by_text("drop_duplicates")).to_be_visible()

    page.get_by_role("textbox", name="Find templates").fill("our there twice")
    listed = page.get_by_role("listbox", name="Templates").get_by_role("option")
    expect(listed).to_have_count(1)
    preview.get_by_role("button", name="Use it in a pipeline").click()
    page.get_by_role("menuitem", name="shop").click()
    expect(page.get_by_role("textbox", name="Code of our").first).to_contain_text("drop_duplicates")

    page.go_back()
    page.get_by_role("article", name="our cleaning").get_by_role("button", name="Delete").click()
    expect(listed.filter(has_text="our cleaning")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(listed.filter(has_text="our cleaning")).to_be_visible()


def test_several_pipelines_are_tagged_deleted_and_brought_back(studio: Server, tabs: Tabs) -> None:
    for name in ("many_one", "many_two", "many_three"):
        studio.post("/api/pipelines", {"name": name})
    page = tabs.open(studio, "/pipelines?q=many_")
    page.get_by_role("checkbox", name="Mark all that are listed").check()
    page.get_by_role("button", name="Tags").click()
    page.get_by_role("textbox", name="Tags to add").fill("nightly")
    page.get_by_role("button", name="Add to all of them").click()
    expect(page.get_by_role("row").filter(has_text="nightly")).to_have_count(3)
    page.get_by_role("checkbox", name="Mark many_two").uncheck()
    page.get_by_role("toolbar", name="Marked pipelines").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="many_one")).to_have_count(0)
    until("both are gone", lambda: not (studio.project / "pipelines" / "many_three").exists())
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="many_one")).to_be_visible()
    expect(page.get_by_role("link", name="many_three")).to_be_visible()
    until("both are back", (studio.project / "pipelines" / "many_three" / "metadata.yaml").exists)
