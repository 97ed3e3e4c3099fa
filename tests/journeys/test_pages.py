"""Every page: it opens without an error, fits its window, can be used by everybody, and asks for nothing in vain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import wheel
from tests.journeys.browsing import Tabs
from tests.journeys.places import PLACES, Place, furnish, visit
from tests.server.running import Server, start

AXE = wheel.ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
FIRST_VIEW = 560_000

WIDER = """() => {
  const wide = [];
  const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  const held = (element) => {
    for (let one = element.parentElement; one; one = one.parentElement) if (scrolls(one) || one.closest("[role=grid], .react-flow, canvas")) return true;
    return false;
  };
  for (const element of document.querySelectorAll("button, a, input, select, textarea, h1, h2, h3, p, [role=tab]")) {
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || getComputedStyle(element).visibility === "hidden" || element.closest(".sr-only")) continue;
    if ((box.right > innerWidth + 1 || box.left < -1) && !held(element)) wide.push(`${element.tagName} "${(element.ariaLabel || element.textContent).slice(0, 40)}" ${Math.round(box.left)}..${Math.round(box.right)}`);
  }
  const page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth) wide.push(`the page itself: ${page.scrollWidth} > ${page.clientWidth}`);
  for (const element of document.querySelectorAll("main *")) {
    if (element.scrollWidth > element.clientWidth + 1 && scrolls(element) && !element.closest("pre, [role=log], .cm-editor, [role=grid], [role=table], table, .react-flow, .xterm, [data-wide]") && !element.querySelector(":scope > table, :scope > pre"))
      wide.push(`scrolls sideways: ${element.tagName}.${String(element.className).slice(0, 60)} ${element.scrollWidth} > ${element.clientWidth}`);
  }
  return wide;
}"""


@pytest.fixture(scope="module")
def studio(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A studio below a path, as behind a proxy: what works there works at the root, where the other journeys go."""
    home = tmp_path_factory.mktemp("below")
    environment = wheel.environment(site)
    server = start(home / "project", home, "--base-path", "/penstock", environment=environment, cwd=home)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def names(studio: Server) -> dict[str, str]:
    return furnish(studio)


def of(place: Place) -> str:
    return place.name


@pytest.mark.parametrize("place", PLACES, ids=of)
def test_a_page(studio: Server, names: dict[str, str], tabs: Tabs, place: Place) -> None:
    """It opens without an error, fits a small window, can be used by everybody in light and dark, and then rests."""
    page = tabs.context(studio, color_scheme="light").new_page()
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))  # noqa: PLW0108 - a builtin takes no marks
    page.clock.install()
    visit(page, studio, place, names)
    assert page.url.startswith(f"{studio.url}/")
    assert page.evaluate(WIDER) == []
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert violations(page) == []

    # What opening a page puts off is asked once, such as the check of an editor's text, in one of the next minutes of
    # the page's own clock; whatever asks now and then asks in each of them.
    for _minute in range(6):
        sent.clear()
        tabs.watch.requests.clear()
        page.clock.run_for(60_000)
        # A question of our own comes after all that the minute may have set off.
        page.evaluate("() => fetch(document.baseURI + 'api/session').then((answer) => answer.text())")
        # Files are fetched ahead, once.
        asked = [one for one in tabs.watch.requests if "/assets/" not in one]
        if asked == [f"GET {studio.url}/api/session"] and sent == []:
            return
    pytest.fail(f"it does not come to rest: {asked} {sent}")


@pytest.mark.parametrize("place", [one for one in PLACES if one.name.startswith("run")], ids=of)
def test_runs_fit_a_phone(studio: Server, names: dict[str, str], tabs: Tabs, place: Place) -> None:
    page = tabs.context(studio, viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    visit(page, studio, place, names)
    assert page.evaluate(WIDER) == []


def violations(page: Page) -> list[str]:
    """What axe finds on a page, with the place that each is at."""
    assert AXE.exists(), "The packages of the user interface are missing: python web/build.py check"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("path", ["/", "/pipelines/weekly_sales?block=sales"])
def test_the_first_view_is_light(studio: Server, names: dict[str, str], tabs: Tabs, path: str) -> None:
    page = tabs.context(studio).new_page()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(studio.url + path)
    shows = page.get_by_role("textbox", name="Code of sales") if "?" in path else page.get_by_text("Needs attention")
    expect(shows).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert 50_000 < sum(sizes) <= FIRST_VIEW, f"{sum(sizes):,.0f} bytes in {len(sizes)} requests"
