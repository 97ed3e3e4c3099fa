"""Pictures of every page of the studio, light and dark, over a copy of the demo project.

python -m tools.screenshots [FOLDER]      every page into FOLDER (build/screenshots)
python -m tools.screenshots --readme      docs/images/studio.png
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.journeys.browsing import Tabs, launch
from tests.journeys.places import Place, run, visit
from tests.server.running import Server, start

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "studio.png"
EDITOR = "/pipelines/flights_delays"
BROKEN = """\
@transformer
def busiest(airports):
    flights = airports.groupby("dest")["flights"].sum()
    return flights.sort_values(ascending=False).head(10)
"""
CHARTS = (
    {
        "chart_type": "bar chart",
        "x": ["hour"],
        "metrics": [{"aggregation": "average", "column": "mean_dep_delay"}],
        "limit": 24,
    },
    {"chart_type": "line chart", "x": ["hour"], "metrics": [{"aggregation": "sum", "column": "flights"}], "limit": 24},
)
PAGES = (
    Place("home", "/", "Needs attention"),
    Place("pipelines", "/pipelines", "flights_delays"),
    Place("editor-begin", "/pipelines/first_steps", "Begin with a block"),
    Place("editor-graph", f"{EDITOR}?block=flights_enriched&tab=graph", "export_delays"),
    Place("editor-data", f"{EDITOR}?block=flights_enriched&tab=data", "336,776 rows"),
    Place("editor-chart", f"{EDITOR}?block=delays_by_hour&tab=chart", "Add a chart"),
    Place("editor-logs", f"{EDITOR}?block=export_delays&tab=logs", "line"),
    Place("editor-diff", f"{EDITOR}?block=delays_by_carrier&tab=diff", "Output"),
    Place("editor-failure", "/pipelines/busy_airports?block=busiest&tab=data", "KeyError"),
    Place("editor-variables", f"{EDITOR}?view=variables", "low_visibility"),
    Place("editor-block-settings", f"{EDITOR}?block=load_planes&view=block", "Variables of this block"),
    Place("editor-pipeline-settings", f"{EDITOR}?view=pipeline", "Description"),
    Place("editor-yaml", f"{EDITOR}?view=yaml", "metadata.yaml"),
    Place("editor-add", f"{EDITOR}?block=load_flights", "Blocks and templates", keys="Control+/"),
    Place("editor-beside", f"{EDITOR}?block=delays_by_hour", "beside the others", keys="s"),
    Place("runs", "/runs", "flights_delays"),
    Place("run", "/runs/{done}?block=flights_enriched&tab=output", "336,776 rows"),
    Place("run-failed", "/runs/{failed}", "KeyError"),
    Place("triggers", "/triggers", "every morning"),
    Place("trigger-new", "/triggers/new?pipeline=flights_delays", "Every day at 00:00"),
    Place("trigger", "/triggers/{trigger}", "08:30"),
    Place("calendar", "/calendar?span=week", "every morning"),
    Place("backfills", "/backfills", "January 2013"),
    Place("backfill-new", "/backfills?pipeline=flights_delays&new=1", "The runs it makes"),
    Place("monitor", "/monitor", "What fails"),
    Place("logs", "/logs", "tables written"),
    Place("alerts", "/alerts", "Where it is told"),
    Place("data", "/data", "flights_enriched"),
    Place("product", "/data/flights_delays/delays_by_carrier", "rows"),
    Place("product-columns", "/data/flights_delays/flights_enriched?tab=schema", "dep_delay"),
    Place("product-versions", "/data/flights_delays/delays_by_carrier?tab=versions", "compared with"),
    Place("product-lineage", "/data/flights_delays/delays_by_carrier?tab=lineage", "flights_enriched"),
    Place("templates", "/templates?q=parquet", "Use it in a pipeline"),
    Place("templates-pipelines", "/templates?tab=pipelines", "New pipeline from it"),
    Place("files", "/files?path=transformers%2Fdelays_by_carrier.py", "return"),
    Place("settings", "/settings", "Settings"),
    Place("palette", "/", "Go to Pipelines", keys="Control+k"),
    Place("keys", f"{EDITOR}?block=load_flights", "Commands and search", keys="?"),
    Place("terminal", "/", "Hide; the shell goes on", keys="Control+`"),
)
AFTER = {"settings": {"after": [{"pipeline": "flights_delays"}]}}
PHONE = ("home", "runs", "run", "run-failed")


def copied_demo(home: Path) -> Path:
    """The demo project, as somebody has it who keeps it in git."""
    project = home / "demo"
    shutil.copytree(ROOT / "demo", project, ignore=shutil.ignore_patterns("__pycache__", ".penstock"))
    git = ["git", "-C", str(project), "-c", "user.name=Penstock", "-c", "user.email=penstock@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "The demo"]):
        subprocess.run([*git, *command], check=True)
    return project


def furnish(server: Server, exports: Path) -> dict[str, str]:
    """Run the pipeline twice, with another result; make charts, a pipeline that fails, and one that is empty."""
    server.client.patch("/api/pipelines/flights_delays", json={"variables": {"set": {"output_dir": str(exports)}}})
    run(server, "flights_delays", [])
    server.client.patch("/api/pipelines/flights_delays", json={"variables": {"set": {"minimum_flights": 5000}}})
    done = run(server, "flights_delays", [])
    for chart in CHARTS:
        server.post("/api/pipelines/flights_delays/charts", {"block": "delays_by_hour", "configuration": chart})
    server.post("/api/pipelines", {"name": "first steps"})
    server.post("/api/pipelines", {"name": "busy airports", "description": "Where most flights go"})
    airports = {
        "name": "airports",
        "type": "data_loader",
        "language": "sql",
        "content": "select faa as dest, name\nfrom 'data/airports.csv'\n",
    }
    first = server.post("/api/pipelines/busy_airports/blocks", airports)["block"]
    busiest = {"name": "busiest", "type": "transformer", "upstream": [first], "after": first, "content": BROKEN}
    server.post("/api/pipelines/busy_airports/blocks", busiest)
    trigger = begin_by_themselves(server)
    return {"done": done, "failed": run(server, "busy_airports", []), "trigger": trigger}


def begin_by_themselves(server: Server) -> str:
    """Make triggers and a backfill; the first trigger."""
    morning = {"schedule": "30 8 * * 1-5", "settings": {"time_zone": "America/New_York"}, "tags": ["airports"]}
    triggers = (
        {"pipeline": "flights_delays", "name": "every morning", "description": "Before the first flights", **morning},
        {"pipeline": "flights_delays", "name": "every hour", "schedule": "@hourly"},
        {"pipeline": "busy_airports", "name": "after the delays", "kind": "dependency", **AFTER},
        {"pipeline": "busy_airports", "name": "from the tower", "kind": "api"},
    )
    made = [server.post("/api/triggers", {"active": True, **one})["id"] for one in triggers]
    span = {"start": 1_356_998_400.0, "end": 1_359_590_400.0, "interval_type": "day", "interval_units": 1}
    server.post("/api/backfills", {"name": "January 2013", "pipeline": "flights_delays", **span})
    return str(made[0])


def take(page: Page, file: Path, colours: int = 0) -> None:
    """A picture of the page as it stands; of so many colours, if that is said."""
    page.evaluate("() => document.fonts.ready")
    picture = Image.open(BytesIO(page.screenshot()))
    if colours:
        picture = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, optimize=True)


def every_page(tabs: Tabs, server: Server, names: dict[str, str], folder: Path) -> None:
    """All of them in both themes; those of runs on a phone too."""
    for theme in ("light", "dark"):
        wide = tabs.context(server, color_scheme=theme)
        phone = tabs.context(server, color_scheme=theme, viewport={"width": 390, "height": 844}, has_touch=True)
        for place in PAGES:
            one_page(wide, server, place, names, folder / f"{place.name}-{theme}.png")
            if place.name in PHONE:
                one_page(phone, server, place, names, folder / f"{place.name}-phone-{theme}.png")


def one_page(context: BrowserContext, server: Server, place: Place, names: dict[str, str], file: Path) -> None:
    """Open it, wait until it stands still, keep the picture."""
    page = context.new_page()
    visit(page, server, place, names)
    page.wait_for_load_state("networkidle")
    take(page, file)
    page.close()


def of_the_editor(tabs: Tabs, server: Server, names: dict[str, str]) -> None:
    """The picture of the README."""
    page = tabs.context(server, color_scheme="light", viewport={"width": 1600, "height": 1000}).new_page()
    visit(page, server, Place("", f"{EDITOR}?block=delays_by_carrier&tab=data", "carrier"), names)
    expect(page.get_by_role("grid").get_by_role("gridcell").first).not_to_be_empty()
    page.wait_for_load_state("networkidle")
    take(page, PICTURE, colours=128)


def main(arguments: list[str]) -> None:
    """Start a studio, take the pictures, end it."""
    readme = "--readme" in arguments
    folder = next((Path(one) for one in arguments if not one.startswith("-")), ROOT / "build" / "screenshots")
    with tempfile.TemporaryDirectory(prefix="penstock-screenshots-") as temporary, sync_playwright() as playwright:
        home = Path(temporary)
        server = start(copied_demo(home), home, cwd=home)
        browser = launch(playwright)
        try:
            tabs = Tabs(browser)
            names = furnish(server, home / "exports")
            if readme:
                of_the_editor(tabs, server, names)
            else:
                every_page(tabs, server, names, folder)
            print(PICTURE if readme else f"{len(list(folder.glob('*.png')))} pictures in {folder}")
            for trouble in tabs.watch.unexpected():
                print(trouble)
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
