"""One file, several hands: two tabs, an editor beside the browser. Nobody's text is lost, nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import card, code, pipeline, saving
from tests.server.running import Server

TEXT = "@data_loader\ndef load():\n    first = 1\n    second = 2\n    third = 3\n    return first + second + third\n"


class Held:
    """The saves of a tab, held back: what was typed there is not on disk yet."""

    def __init__(self, page: Page) -> None:
        self.routes: list[Route] = []
        self.released = False
        self.page = page
        page.route("**/content", self._hold)

    def _hold(self, route: Route) -> None:
        if self.released:
            route.continue_()
        else:
            self.routes.append(route)

    def change(self, block: str, line: int, text: str) -> None:
        """Replace a line of a block; what would save it is on its way, and held."""
        with self.page.expect_request(lambda request: request.method == "PUT"):
            change(self.page, block, line, text)

    def release(self) -> None:
        """Let them go on."""
        self.released = True
        for route in self.routes:
            route.continue_()
        self.page.unroute("**/content")


def file_of(server: Server, block: str) -> Path:
    return server.project / "data_loaders" / f"{block}.py"


def change(page: Page, block: str, line: int, text: str) -> None:
    """Replace a line of a block by that text."""
    code(page, block).click()
    page.keyboard.press("Control+Home")
    for _ in range(line - 1):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text(text)


def test_two_tabs_that_change_the_same_line_meet_in_a_merge(studio: Server, tabs: Tabs) -> None:
    tabs.watch.allow(r"409 .*/content", "status of 409")
    pipeline(studio, "meeting", {"name": "shared", "content": TEXT})
    one = tabs.open(studio, "/pipelines/meeting?block=shared")
    other = tabs.open(studio, "/pipelines/meeting?block=shared", beside=one)
    held = Held(one)
    held.change("shared", 3, "first = 100")
    with saving(other):
        change(other, "shared", 3, "first = 200")
    held.release()

    bar = card(one, "shared").get_by_role("alert")
    expect(bar).to_contain_text("changed elsewhere while you typed")
    expect(code(one, "shared")).to_contain_text("first = 100")
    assert "first = 200" in file_of(studio, "shared").read_text()
    assert "first = 100" not in file_of(studio, "shared").read_text()

    bar.get_by_role("button", name="Compare and merge").click()
    dialog = one.get_by_role("dialog", name="Merge shared")
    expect(dialog.get_by_role("textbox", name="theirs")).to_contain_text("first = 200")
    expect(dialog.get_by_role("textbox", name="Result")).to_contain_text("first = 100")
    dialog.get_by_role("button", name="both", exact=True).click()
    with saving(one):
        dialog.get_by_role("button", name="Save the result").click()
    expect(bar).to_be_hidden()
    for page in (one, other):
        expect(code(page, "shared")).to_contain_text("first = 100")
        expect(code(page, "shared")).to_contain_text("first = 200")
    text = file_of(studio, "shared").read_text()
    assert "first = 100" in text
    assert "first = 200" in text


def test_changes_of_two_tabs_in_different_lines_are_both_kept(studio: Server, tabs: Tabs) -> None:
    tabs.watch.allow(r"409 .*/content", "status of 409")
    pipeline(studio, "apart", {"name": "wide", "content": TEXT})
    one = tabs.open(studio, "/pipelines/apart?block=wide")
    other = tabs.open(studio, "/pipelines/apart?block=wide")
    held = Held(one)
    held.change("wide", 3, "first = 100")
    with saving(other):
        change(other, "wide", 5, "third = 300")
    held.release()
    with saving(one):
        card(one, "wide").get_by_role("alert").get_by_role("button", name="Keep both").click()
    expect(code(other, "wide")).to_contain_text("first = 100")
    assert file_of(studio, "wide").read_text() == TEXT.replace("= 1\n", "= 100\n").replace("= 3\n", "= 300\n")


def test_what_changes_on_disk_shows_at_once(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "beside", {"name": "outer", "content": TEXT})
    page = tabs.open(studio, "/pipelines/beside?block=outer")
    expect(code(page, "outer")).to_contain_text("second = 2")
    file_of(studio, "outer").write_text(TEXT.replace("second = 2", "second = 22"))
    expect(code(page, "outer")).to_contain_text("second = 22")
    expect(card(page, "outer").get_by_role("alert")).to_have_count(0)


def test_what_changes_on_disk_under_unsaved_text_waits_for_a_decision(studio: Server, tabs: Tabs) -> None:
    tabs.watch.allow(r"409 .*/content", "status of 409")
    pipeline(studio, "under", {"name": "inner", "content": TEXT})
    page = tabs.open(studio, "/pipelines/under?block=inner")
    held = Held(page)
    change(page, "inner", 4, "second = 20")
    file_of(studio, "inner").write_text(TEXT.replace("second = 2", "second = 33"))
    held.release()
    bar = card(page, "inner").get_by_role("alert")
    expect(bar.get_by_role("button", name="Compare and merge")).to_be_visible()
    assert "second = 33" in file_of(studio, "inner").read_text()
    expect(code(page, "inner")).to_contain_text("second = 20")

    bar.get_by_role("button", name="Take theirs").click()
    expect(code(page, "inner")).to_contain_text("second = 33")
    expect(bar).to_be_hidden()
    assert "second = 33" in file_of(studio, "inner").read_text()


def test_a_file_that_is_deleted_on_disk_says_so_and_can_be_written_again(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "bereft", {"name": "lone", "content": TEXT})
    page = tabs.open(studio, "/pipelines/bereft?block=lone")
    expect(code(page, "lone")).to_contain_text("second = 2")
    file_of(studio, "lone").unlink()
    bar = card(page, "lone").get_by_role("alert")
    expect(bar).to_contain_text("The file was deleted on disk. This is the text that it had.")
    expect(code(page, "lone")).to_have_count(0)
    # Another program brings it back: the block is what the file is.
    file_of(studio, "lone").write_text(TEXT.replace("second = 2", "second = 22"))
    expect(code(page, "lone")).to_contain_text("second = 22")
    expect(bar).to_have_count(0)

    file_of(studio, "lone").unlink()
    bar.get_by_role("button", name="Create it again").click()
    expect(code(page, "lone")).to_contain_text("second = 22")
    expect(bar).to_have_count(0)
    assert "second = 22" in file_of(studio, "lone").read_text()

    # A page that is opened later has no text of it, and says what is missing.
    file_of(studio, "lone").unlink()
    expect(bar).to_be_visible()
    page.reload()
    expect(bar).to_contain_text("The file of block lone is missing.")
    bar.get_by_role("button", name="Create an empty file").click()
    expect(code(page, "lone")).to_be_visible()
    assert file_of(studio, "lone").read_text() == ""


def test_what_is_typed_into_a_file_that_is_deleted_is_kept(studio: Server, tabs: Tabs) -> None:
    tabs.watch.allow(r"409 .*/content", "status of 409")
    pipeline(studio, "taken", {"name": "away", "content": TEXT})
    page = tabs.open(studio, "/pipelines/taken?block=away")
    held = Held(page)
    held.change("away", 3, "first = 100")
    file_of(studio, "away").unlink()
    held.release()
    bar = card(page, "away").get_by_role("alert")
    expect(bar).to_contain_text("What you typed is still here, and nowhere else.")
    expect(code(page, "away")).to_contain_text("first = 100")
    assert not file_of(studio, "away").exists()
    change(page, "away", 4, "second = 200")
    with saving(page):
        bar.get_by_role("button", name="Create it with my text").click()
    expect(bar).to_have_count(0)
    text = file_of(studio, "away").read_text()
    assert "first = 100" in text
    assert "second = 200" in text


def test_a_block_that_is_added_beside_the_browser_appears(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "growing", {"name": "seed", "content": TEXT})
    page = tabs.open(studio, "/pipelines/growing")
    expect(page.get_by_role("article")).to_have_count(1)
    file = studio.project / "pipelines" / "growing" / "metadata.yaml"
    file.write_text(file.read_text().replace("name: seed", "name: sprouted seed"))
    expect(card(page, "sprouted seed")).to_be_visible()


def test_a_tab_that_is_closed_while_text_is_unsaved_asks_first(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "closing", {"name": "typed", "content": TEXT})
    page = tabs.open(studio, "/pipelines/closing?block=typed")
    held = Held(page)
    change(page, "typed", 3, "first = 7")
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    with saving(page):
        held.release()
    assert "first = 7" in file_of(studio, "typed").read_text()


def test_the_pipelines_file_is_merged_with_what_others_write_while_it_is_edited(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "paper", {"name": "sheet", "content": TEXT})
    file = studio.project / "pipelines" / "paper" / "metadata.yaml"
    page = tabs.open(studio, "/pipelines/paper?view=yaml")
    editor = page.get_by_role("textbox", name="The pipeline's file")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# written here\n")
    expect(page.get_by_role("button", name="Discard")).to_be_visible()
    file.write_text(file.read_text() + "# written elsewhere\n")
    expect(page.get_by_text("The two changes do not touch each other.")).to_be_visible()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    # The panel is closed and opened again: nothing is lost.
    panel = page.get_by_role("region", name="The pipeline's file")
    panel.get_by_role("button", name="Close", exact=True).click()
    expect(panel).to_have_count(0)
    page.keyboard.press("Control+k")
    page.keyboard.type("file as YAML")
    page.get_by_role("option", name="The pipeline's file as YAML").click()
    expect(editor).to_contain_text("# written here")

    panel.get_by_role("button", name="Compare and merge").click()
    page.get_by_role("button", name="Save the result").click()
    expect(page.get_by_text("Saved the pipeline's file.")).to_be_visible()
    text = file.read_text()
    assert text.startswith("# written here\n")
    assert text.endswith("# written elsewhere\n")
    expect(panel.get_by_role("alert")).to_have_count(0)


def test_alert_settings_follow_other_tabs_and_the_disk_and_keep_what_is_typed(studio: Server, tabs: Tabs) -> None:
    tabs.watch.allow(r"4\d\d .*/api/", "status of 4")
    file = studio.project / "metadata.yaml"
    one = tabs.open(studio, "/alerts")
    other = tabs.open(studio, "/alerts", beside=one)
    box = other.get_by_label("A run went well")
    expect(box).not_to_be_checked()
    one.get_by_label("A run went well").check()
    expect(box).to_be_checked()

    server, sender = other.get_by_label("Mail server"), other.get_by_label("Sender")
    other.get_by_text("E-mail", exact=True).click()
    server.fill("mail.typed.example")
    mail = "\n  email_config:\n    smtp_host: mail.example\n    smtp_mail_from: a@example\n    to_emails: [b@example]\n"
    text = file.read_text()
    # Half of it is no file that can be read: what is typed outlives that.
    file.write_text(text + "half: of: it")
    expect(other.get_by_role("alert")).to_contain_text("metadata.yaml")
    file.write_text(text.replace("notification_config:\n", f"notification_config:{mail}"))
    expect(sender).to_have_value("a@example")
    expect(server).to_have_value("mail.typed.example")
    expect(other.get_by_role("alert")).to_contain_text("Changed to “mail.example” elsewhere meanwhile")
    other.locator("form").filter(has=server).get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_have_count(0)
    assert "smtp_host: mail.typed.example" in file.read_text()
