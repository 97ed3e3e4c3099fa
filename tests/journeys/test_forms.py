"""Forms of triggers, backfills and lists: what is typed is kept, and what cannot be meant is not saved."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import loader, pipeline
from tests.patience import until
from tests.server.running import Server

ONE = loader("{'a': [1]}")
VARIABLES = """\
triggers:
- name: each day
  schedule_type: time
  schedule_interval: '@daily'
  status: inactive
  variables:
    account: 123456789012345678
    rate: 1.0
    since: 2024-01-01
    code: '007'
    note: hello
"""


def trigger(studio: Server, name: str, **values: object) -> str:
    """Make a trigger that the clock does not start; its page."""
    return f"/triggers/{studio.post('/api/triggers', {'name': name, 'schedule': '@daily', **values})['id']}"


def test_the_list_of_triggers_is_searched_and_a_form_refused_twice(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "found", {"name": "found_one", "content": ONE})
    trigger(studio, "taken", pipeline="found")
    page = tabs.open(studio, "/triggers")
    box = page.get_by_label("Find triggers", exact=True)
    box.press_sequentially("taken")
    expect(page.get_by_role("row").filter(has_text="taken")).to_be_visible()
    box.press_sequentially(" by nobody")
    expect(page.get_by_role("row").filter(has_text="taken")).to_have_count(0)

    tabs.watch.allow("409")
    page.goto(f"{studio.url}/triggers/new?pipeline=found")
    page.get_by_label("Name", exact=True).fill("taken")
    for _ in range(2):
        with page.expect_response(re.compile("/api/triggers$")):
            page.get_by_role("button", name="Make the trigger").click()
        expect(page.get_by_text("it has one of that name")).to_be_in_viewport()
    expect(page.get_by_label("Name", exact=True)).to_have_value("taken")


def test_a_refusal_goes_with_what_was_refused(studio: Server, tabs: Tabs) -> None:
    tabs.watch.allow(r"4\d\d PATCH .*/api/triggers/", "status of 4")
    pipeline(studio, "dropped", {"name": "dropped_one", "content": ONE})
    trigger(studio, "taken", pipeline="dropped")
    page = tabs.open(studio, trigger(studio, "other", pipeline="dropped"))
    page.get_by_label("Name", exact=True).fill("taken")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("taken")
    page.get_by_role("button", name="More about this trigger").click()
    page.get_by_role("menuitem", name="Discard what I changed").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("other")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_date_is_typed_part_by_part(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "dated", {"name": "dated_one", "content": ONE})
    page = tabs.open(studio, "/backfills?new=1", locale="en-US")
    page.get_by_label("Pipeline", exact=True).select_option("dated")
    page.get_by_label("From", exact=True).focus()
    page.keyboard.type("0102202")
    expect(page.get_by_label("From", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("region", name="The runs it makes")).to_contain_text("in the years 1000 to 9999")
    page.keyboard.type("4")
    expect(page.get_by_label("From", exact=True)).to_have_value("2024-01-02T00:00")
    expect(page.get_by_role("region", name="The runs it makes")).to_contain_text(re.compile(r"\d+ runs"))

    page.goto(f"{studio.url}/triggers/new?pipeline=dated")
    page.get_by_label("Name", exact=True).fill("from then on")
    page.get_by_label("Time zone").fill("Europe/Paris")
    start = page.get_by_label("Not before")
    start.focus()
    page.keyboard.type("01022030")
    page.get_by_role("button", name="Make the trigger").click()
    expect(page.get_by_role("alert").filter(has_text="Write a date and a time")).to_be_visible()
    expect(start).to_be_focused()
    start.fill("2030-01-02T08:00")
    page.get_by_role("button", name="Make the trigger").click()
    expect(page.get_by_role("heading", name="from then on")).to_be_visible()
    file = studio.project / "pipelines" / "dated" / "triggers.yaml"
    assert "start_time: 2030-01-02 08:00:00" in file.read_text()


def test_a_variable_is_saved_without_the_others(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "exact", {"name": "exact_one", "content": ONE})
    file = studio.project / "pipelines" / "exact" / "triggers.yaml"
    file.write_text(VARIABLES)
    until("the trigger", lambda: studio.get("/api/triggers?pipeline=exact")["triggers"])
    (one,) = studio.get("/api/triggers?pipeline=exact")["triggers"]
    page = tabs.open(studio, f"/triggers/{one['id']}")
    expect(page.get_by_label("Value of account")).to_have_value("123456789012345678")
    _save(page, "Value of note", "bye")
    assert file.read_text() == VARIABLES.replace("hello", "bye")

    page.get_by_role("button", name="Add a variable").click()
    page.get_by_label("Value of the variable").fill("nameless")
    expect(page.get_by_text("A variable has a value, and no name.")).to_be_visible()


def test_what_is_typed_outlives_what_others_change(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "shared", {"name": "shared_one", "content": ONE})
    ours, other = (trigger(studio, name, pipeline="shared") for name in ("ours", "other"))
    page = tabs.open(studio, ours)
    page.get_by_label("Description").fill("typed here")
    page.get_by_role("switch", name="The trigger is on").click()
    expect(page.get_by_role("switch", name="The trigger is on")).to_be_checked()
    beside = tabs.open(studio, other, beside=page)
    _save(beside, "Description", "of the other")
    _save(page, "Description", "typed here")

    # Others change the same trigger: another field is taken, and of the same field one chooses.
    page.get_by_label("Description").fill("typed again")
    beside.goto(studio.url + ours)
    _save(beside, "Tags", "theirs")
    expect(page.get_by_label("Tags")).to_have_value("theirs")
    _save(beside, "Description", "theirs too")
    clash = page.get_by_text("Somebody else has changed what you are changing: description.")
    expect(clash).to_be_visible()
    page.get_by_role("button", name="Keep what I typed").click()
    expect(clash).to_have_count(0)
    _save(page, "Description", "typed again")
    text = (studio.project / "pipelines" / "shared" / "triggers.yaml").read_text()
    assert all(one in text for one in ("typed again", "of the other", "- theirs", "status: active"))


def _save(page: Page, field: str, text: str) -> None:
    page.get_by_label(field).fill(text)
    with page.expect_response(re.compile("/api/triggers/")):
        page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def test_what_is_marked_as_wrong_is_not_saved(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "marked", {"name": "marked_one", "content": ONE})
    page = tabs.open(studio, "/triggers/new?pipeline=marked")
    make = page.get_by_role("button", name="Make the trigger")
    page.get_by_label("Name", exact=True).fill("limited")
    page.get_by_label("Runs at once").fill("2x")
    page.get_by_label("Priority").fill("high")
    page.get_by_label("Time limit of a run", exact=True).fill("5m")
    make.click()
    expect(page.get_by_label("Runs at once")).to_be_focused()
    expect(page.get_by_text("Write a whole figure")).to_have_count(2)
    for field, text in (("Runs at once", "2"), ("Priority", "3"), ("Time limit of a run", "5")):
        page.get_by_label(field, exact=True).fill(text)
    page.get_by_label("How often").select_option("weekly")
    page.get_by_role("checkbox", name="Monday").uncheck()
    make.click()
    expect(page.get_by_role("checkbox", name="Monday")).to_be_focused()
    expect(page.get_by_role("region", name="Next runs")).to_contain_text("Choose a day.")
    page.get_by_role("checkbox", name="Friday").check()
    make.click()
    expect(page.get_by_role("heading", name="limited")).to_be_visible()
    text = (studio.project / "pipelines" / "marked" / "triggers.yaml").read_text()
    assert all(one in text for one in ("0 0 * * 5", "pipeline_run_limit: 2", "priority: 3", "timeout: 300"))

    page.goto(f"{studio.url}/backfills?new=1")
    page.get_by_label("Pipeline", exact=True).select_option("marked")
    told = page.get_by_role("region", name="The runs it makes")
    expect(told).to_contain_text(re.compile(r"\d+ runs"))
    for field, wrong, right, least in (("One run every", "0", "1", 1), ("Runs at once", "abc", "2", 0)):
        page.get_by_label(field).fill(wrong)
        expect(page.get_by_label(field)).to_have_attribute("aria-invalid", "true")
        expect(told).to_contain_text(f"{field}: Write a whole figure, {least} or more.")
        expect(page.get_by_role("button", name="Make it, start later")).to_be_disabled()
        page.get_by_label(field).fill(right)
        expect(told).to_contain_text(re.compile(r"\d+ runs"))


def test_the_best_find_is_chosen_when_it_arrives_unless_somebody_has_moved(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "sales", {"name": "sales_one", "content": ONE})
    page = tabs.open(studio, "/runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_attached()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/api/search"), hold)
    options = page.get_by_role("dialog").get_by_role("option")
    chosen = page.get_by_role("dialog").get_by_role("option", selected=True)

    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Commands").fill("sales")
    expect(chosen).to_have_count(1)
    expect(chosen).not_to_contain_text("sales")  # a command that has the letters somewhere
    _answer(page, held)
    expect(options.first).to_contain_text("sales")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(chosen).to_have_count(1)
    found = page.get_by_role("combobox", name="Commands").get_attribute("aria-activedescendant")
    assert found == options.first.get_attribute("id")

    page.get_by_role("combobox", name="Commands").fill("sale")
    expect(options.first).to_contain_text("sales")
    page.keyboard.press("ArrowUp")
    expect(chosen).not_to_contain_text("sales")
    moved = chosen.inner_text()
    _answer(page, held)
    expect(options.filter(has_text="sales_one").first).to_be_visible()
    expect(chosen).to_have_text(moved)


def _answer(page: Page, held: list[Route]) -> None:
    """Let what was asked be answered, and wait for that."""
    until("the question", lambda: page.evaluate("true") and held)  # asking the page lets what came in be heard
    with page.expect_response(re.compile("/api/search")):
        while held:
            held.pop().continue_()


def test_a_stretch_of_time_is_typed_at_the_keyboard(studio: Server, tabs: Tabs) -> None:
    for path in ("/runs", "/logs"):
        page = tabs.open(studio, f"{path}?since=between&from=2024-05-06T07:08Z", locale="en-US", timezone_id="UTC")
        since, to = page.get_by_label("From"), page.get_by_label("To", exact=True)
        expect(since).to_have_value("2024-05-06T07:08")
        since.focus()
        page.keyboard.press("Backspace")  # the month alone
        expect(since).to_have_attribute("aria-invalid", "true")
        page.keyboard.type("11")
        expect(since).to_have_value("2024-11-06T07:08")
        page.keyboard.type("222023")
        expect(since).to_have_value("2023-11-22T07:08")
        expect(page).to_have_url(re.compile("from=2023-11-22T07%3A08"))
        to.focus()
        page.keyboard.type("010120220102A")
        expect(to).to_have_value("2022-01-01T01:02")
        expect(page.get_by_text("It ends before it begins.")).to_be_visible()
        to.fill("2024-01-01T00:00")
        expect(page.get_by_text("It ends before it begins.")).to_have_count(0)
        # What cannot be taken is marked while it stands there; then the field is as the address has it.
        since.fill("0002-01-01T00:00")
        expect(since).to_have_attribute("aria-invalid", "true")
        to.focus()
        expect(since).to_have_value("2023-11-22T07:08")
        expect(since).to_have_attribute("aria-invalid", "false")
        since.fill("")
        expect(page).not_to_have_url(re.compile("from="))
