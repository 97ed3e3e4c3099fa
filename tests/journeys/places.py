"""Every page of the studio, over a project in which each has something to show."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.journeys.editing import loader, pipeline
from tests.server.running import Server

SALES = loader(
    "{'city': ['Turku', 'Oulu', 'Turku', 'Vaasa'] * 50, 'sold': [3, 5, 4, None] * 50, 'day': pd.date_range('2024-01-01', periods=200)}"
)
BY_CITY = "select city, sum(sold) as sold, count(*) as days\nfrom sales\ngroup by city\norder by city\n"
TESTED = """\
@transformer
def share(frame):
    print("cities:", len(frame))
    frame["share"] = frame["sold"] / frame["sold"].sum()
    return frame


@test
def shares_add_up(frame):
    assert abs(frame["share"].sum() - 1) < 1e-9
"""
BROKEN = "@data_exporter\ndef send(frame):\n    address = {}\n    return address['nowhere']\n"
ABOUT = "# Sales\n\nWhat was sold **where**, from the [list](https://example.com).\n\n| city | what |\n|---|---|\n| Turku | boats |\n"


@dataclass(frozen=True)
class Place:
    """A page: where it is, what is waited for, keys that open something over it."""

    name: str
    path: str
    shows: str
    keys: str = ""


PLACES = (
    Place("home", "/", "Needs attention"),
    Place("pipelines", "/pipelines", "weekly_sales"),
    Place("editor, empty", "/pipelines/nothing_yet", "Begin with a block"),
    Place("editor, graph", "/pipelines/weekly_sales?tab=graph", "3 rows"),
    Place("editor, data", "/pipelines/weekly_sales?block=sales&tab=data", "200 rows"),
    Place("editor, failure", "/pipelines/weekly_sales?block=sending&tab=data", "KeyError"),
    Place("editor, chart", "/pipelines/weekly_sales?block=by_city&tab=chart", "Add a chart"),
    Place("editor, logs", "/pipelines/weekly_sales?block=shares&tab=logs", "cities: 3"),
    Place("editor, diff", "/pipelines/weekly_sales?block=sales&tab=diff", "Output"),
    Place("editor, variables", "/pipelines/weekly_sales?view=variables", "region"),
    Place("editor, block settings", "/pipelines/weekly_sales?block=sales&view=block", "Variables of this block"),
    Place("editor, pipeline settings", "/pipelines/weekly_sales?view=pipeline", "Description"),
    Place("editor, yaml", "/pipelines/weekly_sales?view=yaml", "metadata.yaml"),
    Place("editor, problems", "/pipelines/weekly_sales?view=problems", "roblems"),
    Place("editor, adding", "/pipelines/weekly_sales?block=sales", "Blocks and templates", keys="Control+/"),
    Place("runs", "/runs", "weekly_sales"),
    Place("run, failure", "/runs/{failed}", "KeyError"),
    Place("run, output", "/runs/{failed}?block=sales&tab=output", "200 rows"),
    Place("run, logs", "/runs/{failed}?block=shares&tab=logs", "cities: 3"),
    Place("run, facts", "/runs/{failed}?block=sales&tab=facts", "Peak memory"),
    Place("triggers", "/triggers", "every morning"),
    Place("triggers, none of a pipeline", "/triggers?pipeline=nothing_yet", "Nothing starts nothing_yet"),
    Place("trigger, new", "/triggers/new?pipeline=weekly_sales", "Every day at 00:00"),
    Place("trigger", "/triggers/{trigger}", "08:30"),
    Place("trigger, called", "/triggers/{called}", "Calling it"),
    Place("calendar", "/calendar?span=week", "every morning"),
    Place("backfills", "/backfills", "two days in May"),
    Place("backfill, new", "/backfills?pipeline=weekly_sales&new=1", "The runs it makes"),
    Place("backfill", "/backfills/{backfill}", "not started"),
    Place("monitor", "/monitor", "What fails"),
    Place("logs", "/logs", "cities: 3"),
    Place("alerts", "/alerts", "Where it is told"),
    Place("data", "/data", "by_city"),
    Place("product", "/data/weekly_sales/by_city", "3 rows"),
    Place("product, versions", "/data/weekly_sales/sales?tab=versions", "The two versions are the same"),
    Place("files", "/files", "metadata.yaml"),
    Place("file", "/files?path=data_loaders%2Fsales.py", "return"),
    Place("templates", "/templates", "Use it in a pipeline"),
    Place("templates, pipelines", "/templates?tab=pipelines", "New pipeline from it"),
    Place("settings", "/settings", "Settings"),
    Place("no page", "/nowhere", "There is no such page"),
    Place("palette", "/", "Go to Pipelines", keys="Control+k"),
    Place("keys", "/", "Commands and search", keys="?"),
    Place("history", "/", "Nothing yet", keys="g i"),
    Place("terminal", "/", "Hide; the shell goes on", keys="Control+`"),
    Place("terminal, whole page", "/terminal", "Back to the pages"),
)


def furnish(server: Server) -> dict[str, str]:
    """Fill a new project; what stands for the names in braces of the paths."""
    made = pipeline(
        server,
        "weekly_sales",
        {"name": "about", "type": "markdown", "language": "markdown", "content": ABOUT},
        {"name": "sales", "content": SALES},
        {"name": "by_city", "type": "transformer", "language": "sql", "upstream": ["sales"], "content": BY_CITY},
        {"name": "shares", "type": "transformer", "upstream": ["by_city"], "content": TESTED},
        {"name": "sending", "type": "data_exporter", "upstream": ["shares"], "content": BROKEN},
    )
    server.post("/api/pipelines", {"name": "nothing yet"})
    patched = server.client.patch("/api/pipelines/weekly_sales", json={"variables": {"set": {"region": "north"}}})
    assert patched.is_success, patched.text
    for blocks in ([made["sales"]], []):
        failed = run(server, "weekly_sales", blocks)
    chart = {"chart_type": "bar chart", "x": ["city"], "metrics": [{"aggregation": "sum", "column": "sold"}]}
    server.post("/api/pipelines/weekly_sales/charts", {"block": made["by_city"], "configuration": chart})
    morning = {
        "name": "every morning",
        "schedule": "30 8 * * 1-5",
        "active": True,
        "settings": {"time_zone": "Europe/Helsinki"},
    }
    called = {"name": "from the shop", "kind": "api", "active": True}
    broken = {"name": "broken", "kind": "dependency", "settings": {"after": [{"pipeline": "gone"}]}, "active": True}
    triggers = [
        server.post("/api/triggers", {"pipeline": "weekly_sales", **one})["id"] for one in (morning, called, broken)
    ]
    span = {"start": 1_714_521_600.0, "end": 1_714_608_000.0, "interval_type": "day", "interval_units": 1}
    backfill = server.post("/api/backfills", {"name": "two days in May", "pipeline": "weekly_sales", **span})["id"]
    return {"failed": failed, "trigger": str(triggers[0]), "called": str(triggers[1]), "backfill": str(backfill)}


def run(server: Server, name: str, blocks: list[str]) -> str:
    """Run blocks of a pipeline, or all of it, to the end; the run."""
    begun = server.post(f"/api/pipelines/{name}/runs", {"blocks": blocks} if blocks else {})["run"]["run"]
    with server.client.stream("GET", f"/api/runs/{begun}/events") as events:
        assert any("run_ended" in line for line in events.iter_lines())
    return str(begun)


def visit(page: Page, server: Server, place: Place, names: dict[str, str]) -> None:
    """Open a page and wait until it shows what it is for."""
    page.goto(server.url + place.path.format(**names))
    if place.keys:
        editor = "block=" in place.path
        there = page.get_by_role("textbox", name="Code of") if editor else page.get_by_role("link", name="Home")
        expect(there.first).to_be_visible()
        # Some keys count only once the server has said what there is: the terminal may be switched off.
        page.wait_for_load_state("networkidle")
        for key in place.keys.split():
            page.keyboard.press(key)
    shown = page.get_by_text(place.shows).or_(page.get_by_label(place.shows))
    expect(shown.filter(visible=True).first).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing on the page says that it waits for something."""
    expect(page.get_by_role("status").filter(has_text="…")).to_have_count(0)
