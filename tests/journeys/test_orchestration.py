"""Pipelines that start by themselves: a trigger is made and its run appears, a run is cancelled, one is retried."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import loader, pipeline
from tests.journeys.places import run
from tests.patience import until
from tests.server.running import Server

WAITING = (
    "import threading\n\n\n@data_loader\ndef load():\n    print('waiting', flush=True)\n    threading.Event().wait()\n"
)
FIRST = "@data_loader\ndef load():\n    print('loaded once', flush=True)\n    return [1, 2, 3]\n"
TALKS = """@data_loader
def load(*args, **kwargs):
    import pathlib, time

    for number in range(1, 4):
        while not pathlib.Path(kwargs["repo_path"], f"say{number}").exists():
            time.sleep(0.02)
        print(f"line {number} of three", flush=True)
"""
BROKEN = "@data_exporter\ndef send(rows):\n    return {}['nowhere']\n"
NOISY = "@data_loader\ndef load():\n    print('before it fails', flush=True)\n    raise ValueError('known already')\n"
SHUT = """@data_loader
def load(*args, **kwargs):
    import pathlib

    if not pathlib.Path(kwargs["repo_path"], "gate").exists():
        raise RuntimeError("the gate is shut")
"""
ITEMS = "@data_loader\ndef load():\n    return [['red', 'green', 'blue']]\n"
EACH = "@transformer\ndef paint(colour, *args, **kwargs):\n    print('painted', colour)\n    return [colour]\n"
MENDED = "@data_exporter\ndef send(rows):\n    return len(rows)\n"


def test_a_trigger_is_made_with_its_next_runs_in_view_and_starts_one(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "market", {"name": "prices", "content": loader("{'price': [1, 2]}")})
    page = tabs.open(studio, "/triggers")
    page.get_by_role("button", name="New trigger").first.click()
    page.get_by_label("Name", exact=True).fill("Fridays")
    page.get_by_label("Pipeline", exact=True).select_option("market")
    page.get_by_label("How often").select_option("weekly")
    page.get_by_role("checkbox", name="Monday").uncheck()
    page.get_by_role("checkbox", name="Friday").check()
    page.get_by_label("At", exact=True).fill("18:30")
    page.get_by_label("Time zone").fill("Europe/Helsinki")
    upcoming = page.get_by_role("region", name="Next runs").get_by_role("listitem")
    expect(upcoming).to_have_text([re.compile(r"^Fri, \d+ \w+ \d{4}, 18:30")] * 10)
    page.get_by_role("button", name="Make the trigger").click()
    expect(page.get_by_role("heading", name="Fridays")).to_be_visible()
    file = studio.project / "pipelines" / "market" / "triggers.yaml"
    assert "30 18 * * 5" in file.read_text()
    assert "Europe/Helsinki" in file.read_text()

    page.get_by_role("button", name="Run now").click()
    page.get_by_role("link", name="Runs", exact=True).first.click()
    row = page.get_by_role("row").filter(has_text="market")
    expect(row).to_contain_text("done")
    expect(row).to_contain_text("Fridays")
    row.get_by_role("link").click()
    expect(page.get_by_role("link", name="Fridays")).to_be_visible()

    page.goto(f"{studio.url}/triggers")
    page.get_by_role("switch", name="Fridays of market is on").click()
    expect(page.get_by_role("row").filter(has_text="Fridays")).to_contain_text("off")
    page.get_by_role("button", name="Actions for Fridays").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("link", name="Fridays")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name=re.compile("^Fridays")).first).to_be_visible()
    until("the file", lambda: "status: inactive" in file.read_text())


def test_what_cannot_be_a_schedule_is_said_while_it_is_typed(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "odd", {"name": "odd_one", "content": loader("{'a': [1]}")})
    page = tabs.open(studio, "/triggers/new?pipeline=odd")
    page.get_by_label("How often").select_option("cron")
    page.get_by_label("Cron expression").fill("99 25 * * *")
    told = page.get_by_role("region", name="Next runs")
    expect(told).to_contain_text("99")
    expect(told.get_by_role("listitem")).to_have_count(0)
    page.get_by_label("Cron expression").fill("0 25-30 * * *")
    expect(told.get_by_role("listitem")).to_have_count(0)
    page.get_by_label("Cron expression").fill("0 6 * * *")
    expect(told.get_by_role("listitem")).to_have_count(10)
    page.get_by_role("button", name="Make the trigger").click()
    expect(page.get_by_text("Give it a name.")).to_be_visible()
    # It is left on purpose: the page asks first.
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="All triggers").click()
    expect(page).to_have_url(re.compile("/triggers"))


def test_the_token_of_a_call_is_shown_once(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "called", {"name": "called_one", "content": loader("{'a': [1]}")})
    page = tabs.open(studio, "/triggers/new?pipeline=called")
    page.get_by_label("Name", exact=True).fill("from the shop")
    page.get_by_role("radio", name="By a call").check()
    page.get_by_role("button", name="Make the trigger").click()
    dialog = page.get_by_role("dialog")
    token = dialog.get_by_label("Token", exact=True).inner_text().strip()
    assert len(token) >= 20
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("heading", name="from the shop")).to_be_visible()
    expect(page.get_by_text(token)).to_have_count(0)
    assert token not in (studio.project / "pipelines" / "called" / "triggers.yaml").read_text()


def test_a_run_is_cancelled(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "forever", {"name": "waits", "content": WAITING})
    made = studio.post("/api/triggers", {"pipeline": "forever", "name": "by hand", "kind": "api", "active": True})
    run = studio.post(f"/api/triggers/{made['id']}/run")["run"]
    page = tabs.open(studio, f"/runs/{run}")
    expect(page.get_by_role("log")).to_contain_text("waiting")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator("header").get_by_text("cancelled")).to_be_visible()

    another = studio.post(f"/api/triggers/{made['id']}/run")["run"]
    page.goto(f"{studio.url}/runs?pipeline=forever")
    expect(page.get_by_role("row").filter(has_text="forever")).to_have_count(2)
    page.get_by_role("checkbox", name=f"Mark the run of forever {another}").check()
    page.get_by_role("toolbar", name="Marked runs").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row").filter(has_text="cancelled")).to_have_count(2)


def test_what_failed_is_mended_and_retried_from_there(studio: Server, tabs: Tabs) -> None:
    blocks = (
        {"name": "first", "content": FIRST},
        {"name": "send", "type": "data_exporter", "upstream": ["first"], "content": BROKEN},
    )
    pipeline(studio, "sending", *blocks)
    made = studio.post("/api/triggers", {"pipeline": "sending", "name": "by hand", "kind": "api", "active": True})
    run = studio.post(f"/api/triggers/{made['id']}/run")["run"]
    page = tabs.open(studio, f"/runs/{run}")
    why = page.get_by_role("group", name="Why it failed")
    expect(why).to_contain_text("KeyError")
    expect(page.get_by_text("What it was given")).to_be_visible()
    mend(studio)
    page.get_by_role("button", name="Retry from here").click()
    expect(page.locator("header").get_by_text("done", exact=True)).to_be_visible()
    expect(option(page, "send")).to_contain_text("done")
    # What came before was not run again.
    option(page, "first").click()
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_role("log").get_by_text("loaded once")).to_have_count(1)


def mend(studio: Server) -> None:
    """Write the exporter anew, as its author would."""
    block = next(one for one in studio.get("/api/pipelines/sending")["blocks"] if one["name"] == "send")
    body = {"content": MENDED, "revision": block["content_revision"]}
    assert studio.client.put("/api/pipelines/sending/blocks/send/content", json=body).is_success


def option(page: Page, block: str) -> Locator:
    """The row of a block in the time line."""
    return page.get_by_role("listbox", name="Blocks by time").get_by_role("option", name=re.compile(rf"^{block}\b"))


def test_a_backfill_shows_its_runs_before_it_makes_them(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "past", {"name": "past_days", "content": loader("{'a': [1]}")})
    page = tabs.open(studio, "/backfills?pipeline=past")
    page.get_by_role("button", name="New backfill").first.click()
    page.get_by_label("From", exact=True).fill("2026-01-01T00:00")
    page.get_by_label("To", exact=True).fill("2026-01-03T00:00")
    planned = page.get_by_role("region", name="The runs it makes").get_by_role("listitem")
    expect(planned).to_have_text(["2026-01-01 00:00", "2026-01-02 00:00"])
    page.get_by_role("switch", name="The end counts too").click()
    expect(planned).to_have_count(3)
    page.get_by_role("switch", name="The end counts too").click()
    expect(planned).to_have_count(2)
    page.get_by_role("button", name="Start 2 runs").click()
    expect(page.get_by_role("heading", name="backfill of past")).to_be_visible()
    expect(page.get_by_text("2 of 2 runs done")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="done")).to_have_count(2)


def test_a_failure_is_muted_and_an_hour_chosen_without_a_mouse(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "noisy", {"name": "noise", "content": NOISY})
    page = tabs.open(studio, f"/runs/{run(studio, 'noisy', [])}")
    expect(page.get_by_label("The last lines of its log")).to_contain_text("before it fails")
    page.get_by_role("button", name="Mute").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="For an hour")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Muted: tell again")).to_be_visible()

    page.goto(f"{studio.url}/")
    page.get_by_text("1 muted").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Why noisy failed")).to_be_visible()
    page.get_by_role("button", name="Muted: tell again").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 muted")).to_have_count(0)
    expect(page.get_by_role("link", name="Why noisy failed")).to_be_visible()

    page.goto(f"{studio.url}/runs?pipeline=noisy")
    hours = page.get_by_role("listbox", name="Hours of the last week")
    full = hours.get_by_role("option", name="1 run, 1 failed")
    later = full.evaluate(
        "(hour) => { let count = 0; while ((hour = hour.nextElementSibling)) count += 1; return count }"
    )
    hours.focus()
    for key in ("End", *["ArrowLeft"] * later, "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("since=between"))
    expect(full).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("row").filter(has_text="known already")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/runs\?pipeline=noisy$"))


def test_home_counts_how_runs_ended_and_leads_to_them(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "told", {"name": "told_noise", "content": NOISY})
    run(studio, "told", [])
    page = tabs.open(studio, "/")
    stretch = page.get_by_label("Stretch of the totals")
    for days, name in (("1", "Today (UTC)"), ("30", "Last 30 days")):
        stretch.select_option(days)
        expect(stretch.locator("option:checked")).to_have_text(name)
        expect(page.get_by_role("link", name=re.compile(r"^[1-9]\d* failed$"))).to_be_visible()
    page.get_by_role("link", name=re.compile(r"^[1-9]\d* failed$")).click()
    expect(page).to_have_url(re.compile("state=failed"))
    expect(page.get_by_role("row").filter(has_text="told").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="done")).to_have_count(0)


def test_the_logs_of_all_runs_show_what_is_printed_as_it_is(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "talking", {"name": "talks", "content": TALKS})
    made = studio.post("/api/triggers", {"pipeline": "talking", "name": "by hand", "kind": "api", "active": True})
    page = tabs.open(studio, "/logs?pipeline=talking")
    expect(page.get_by_text("No line meets that")).to_be_visible()
    studio.post(f"/api/triggers/{made['id']}/run")
    lines = page.get_by_role("listbox", name="Lines").get_by_role("option")
    for number in (1, 2):
        (studio.project / f"say{number}").touch()
        expect(lines.filter(has_text=f"line {number} of three")).to_be_visible()
    expect(lines.filter(has_text="of three").first).to_contain_text("line 2")  # the newest is at the top

    # The line that is read stays chosen when another one comes above it.
    lines.filter(has_text="line 1 of three").click()
    (studio.project / "say3").touch()
    expect(lines.filter(has_text="line 3 of three")).to_be_visible()
    chosen = page.get_by_role("listbox", name="Lines").get_by_role("option", selected=True)
    expect(chosen).to_contain_text("line 1 of three")
    expect(page.get_by_role("complementary", name="The line")).to_contain_text("line 1 of three")

    page.get_by_label("Find in the logs").fill("line 2")
    expect(lines.filter(has_text="of three")).to_have_count(1)
    page.get_by_label("Find in the logs").fill("what nobody says")
    expect(page.get_by_text("No line meets that")).to_be_visible()
    page.get_by_role("button", name="Show all", exact=True).click()
    expect(lines.filter(has_text="line 3 of three")).to_be_visible()


def test_a_phone_shows_when_triggers_run_next_and_ran_last(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "pocket", {"name": "small", "content": loader("{'a': [1]}")})
    body = {"pipeline": "pocket", "name": "yearly", "kind": "time", "schedule": "@yearly", "active": True}
    made = studio.post("/api/triggers", body)
    page = tabs.open(studio, "/triggers?pipeline=pocket", viewport={"width": 390, "height": 844})
    row = page.get_by_role("row").filter(has_text="yearly")
    expect(row.get_by_text(re.compile(r"^next in \d+ d$"))).to_be_visible()
    expect(row.get_by_text("never ran")).to_be_visible()
    studio.post(f"/api/triggers/{made['id']}/run")
    expect(row.get_by_text("done").first).to_be_visible()


def test_a_block_between_two_attempts_says_why_and_until_when(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "gated", {"name": "knocks", "content": SHUT})
    retries = {"retry_config": {"retries": 5, "delay": 600, "max_delay": 7200}}
    assert studio.client.patch("/api/pipelines/gated/blocks/knocks", json=retries).is_success
    made = studio.post("/api/triggers", {"pipeline": "gated", "name": "by hand", "kind": "api", "active": True})
    begun = studio.post(f"/api/triggers/{made['id']}/run")["run"]
    page = tabs.open(studio, f"/runs/{begun}")
    said = re.compile(r"Attempt 1 failed; the next one begins at \d\d:\d\d:\d\d, in ")
    for _ in ("as it happened", "as it is read"):
        expect(page.get_by_role("timer").filter(has_text=said)).to_be_visible()
        expect(page.get_by_role("group", name="Why its last attempt failed")).to_contain_text("the gate is shut")
        expect(page.get_by_role("list", name="Blocks that wait for their next attempts")).to_contain_text(
            "RuntimeError"
        )
        expect(option(page, "knocks").get_by_title("waiting for its next attempt")).to_be_attached()
        page.reload()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator("header").get_by_text("cancelled")).to_be_visible()
    expect(page.get_by_role("list", name="Blocks that wait for their next attempts")).to_have_count(0)


def test_a_dynamic_block_leads_to_its_children(studio: Server, tabs: Tabs) -> None:
    blocks = (
        {"name": "colours", "content": ITEMS},
        {"name": "paints", "type": "transformer", "upstream": ["colours"], "content": EACH},
    )
    pipeline(studio, "painting", *blocks)
    dynamic = {"configuration": {"dynamic": True}}
    assert studio.client.patch("/api/pipelines/painting/blocks/colours", json=dynamic).is_success
    page = tabs.open(studio, f"/runs/{run(studio, 'painting', [])}?block=paints")
    children = page.get_by_role("region", name="Its children")
    expect(children).to_contain_text("It runs once for each of 3 items; each of these has its output:")
    page.get_by_role("tab", name="Logs").click()
    expect(children).to_contain_text("each of these has its log:")
    children.get_by_role("link", name="paints:1").click()
    expect(page.get_by_role("log")).to_contain_text("painted green")

    # What is chosen is in the address; a block that is not there is told.
    page.get_by_role("tab", name="Graph").click()
    page.reload()
    expect(page.get_by_role("tab", name="Graph")).to_have_attribute("aria-selected", "true")
    page.goto(page.url.split("?")[0] + "?block=gone")
    expect(page.get_by_role("heading", name="This run has no block gone")).to_be_visible()
    page.get_by_role("link", name="Show the run").click()
    expect(
        page.get_by_role("region", name="Its children").or_(page.get_by_role("tab", name="Output")).first
    ).to_be_visible()


def test_the_list_of_runs_keeps_its_place_and_loses_what_is_deleted_elsewhere(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "often", {"name": "again", "content": loader("{'a': [1]}")})
    made = studio.post("/api/triggers", {"pipeline": "often", "name": "by hand", "kind": "api", "active": True})
    for _ in range(30):
        last = studio.post(f"/api/triggers/{made['id']}/run")["run"]
    until("all runs", lambda: len(studio.get("/api/runs?pipeline=often&state=completed&limit=50")["runs"]) == 30)
    page = tabs.open(studio, "/runs?pipeline=often")
    expect(page.get_by_role("table", name="Runs")).to_have_attribute("aria-rowcount", "31")
    rows = page.get_by_role("rowgroup")
    rows.evaluate("(list) => { list.scrollTop = 500 }")
    page.locator('[data-row="15"]').click()
    expect(page.get_by_role("heading", name="often")).to_be_visible()
    page.go_back()
    expect(page.locator('[data-row="15"]')).to_be_in_viewport()
    assert rows.evaluate("(list) => list.scrollTop") == 500
    page.locator('[data-row="15"]').click()
    page.get_by_role("link", name="All runs").click()
    expect(page).to_have_url(re.compile(r"/runs\?pipeline=often$"))

    other = tabs.open(studio, f"/runs/{last}", beside=page)
    expect(other.get_by_role("button", name="Run again")).to_be_visible()
    tabs.watch.allow(f"404 .*{last}", "404 \\(Not Found\\)")
    assert studio.client.delete(f"/api/runs/{last}").is_success
    expect(page.get_by_role("table", name="Runs")).to_have_attribute("aria-rowcount", "30")
    expect(other.get_by_text("there is no record of it")).to_be_visible()
    expect(other.get_by_role("button", name="Run again")).to_have_count(0)
