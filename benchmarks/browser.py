"""What a person feels in the browser: from a key to the output on the page, pages with many blocks, first view, graph.

CPU is that of the page's main thread, as the browser's own counters tell it, in seconds.
"""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.projects import Project, python
from benchmarks.servers import Mage, Studio

PRESSES = 20
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MANY = 250
GRAPH = 1000


def measure(bench: Bench) -> dict[str, Any]:
    """All measurements; empty where there is no browser or no playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        return {}
    found: dict[str, Any] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            found["penstock"] = _studio(bench, browser)
            if bench.mage:
                found["mage"] = _mage(bench, browser)
        finally:
            browser.close()
    return found


def _projects(bench: Bench) -> Path:
    project = Project(bench.scratch / "browser")
    project.pipeline("uirun", [python("uirun_load", "data_loader", "return 'NONCE0'")])
    project.pipeline("many", _chain("many", MANY))
    project.pipeline("graph", _chain("graph", GRAPH))
    return project.folder


def _chain(name: str, count: int) -> list[Any]:
    """Blocks in layers of ten, each below two of the layer above."""
    steps = []
    for number in range(count):
        above = [f"{name}_{number - 10}", f"{name}_{number - 10 - number % 3}"] if number >= 13 else []
        kind = "transformer" if above else "data_loader"
        body = (
            "return 1"
            if number % 5
            else "x = 1\n" + "".join(f"    y{line} = x + {line}\n" for line in range(30)) + "    return x"
        )
        arguments = "a, b, *args, **kwargs" if above else "*args, **kwargs"
        step = python(f"{name}_{number}", kind, body, sorted(set(above)))
        steps.append(
            type(step)(step.name, step.kind, step.code.replace("data, *args, **kwargs", arguments), step.upstream)
        )
    return steps


def _studio(bench: Bench, browser: Any) -> dict[str, Any]:
    studio = Studio(_projects(bench), bench.scratch / "penstock-browser")
    try:
        context = browser.new_context(viewport={"width": 1600, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(studio.link())
        page.get_by_role("heading", name="Home").wait_for()
        found: dict[str, Any] = {"press run to output painted, ms": _press_studio(page, studio)}
        found["first view, kB"] = _first_view(context, studio)
        found |= _many(context, studio)
        found |= _graph(context, studio)
        context.close()
    finally:
        studio.stop()
    return found


def _press_studio(page: Any, studio: Studio) -> float:
    """Median milliseconds from Ctrl+Enter to the new text on the page; each time the code is another."""
    page.goto(f"{studio.url}/pipelines/uirun?block=uirun_load&tab=logs")
    editor = page.locator(".cm-content").first
    editor.wait_for()
    taken = []
    for turn in range(PRESSES + 2):
        word = f"NONCE{time.time_ns() % 10**9}"
        editor.click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(f"@data_loader\ndef f(*args, **kwargs):\n    return 'NON' + '{word[3:]}'\n")
        page.wait_for_timeout(1200)  # as a person does: the text is saved before run is pressed
        page.evaluate(_WATCH, word)
        page.keyboard.press("Control+Enter")
        took = page.evaluate(_SEEN)
        if turn > 1 and took is not None:
            taken.append(took)
    return statistics.median(taken)


_WATCH = """word => {
  let pressed;
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") pressed = performance.now();
  }, { capture: true });
  window.__seen = new Promise((done) => {
    const look = () => {
      if (!document.body.innerText.includes(word)) return;
      observer.disconnect();
      // Painted: after the next frame has been made.
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - pressed)));
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}"""
_SEEN = "Promise.race([window.__seen, new Promise((done) => setTimeout(() => done(null), 20000))])"


def _first_view(context: Any, studio: Studio) -> float:
    """Kilobytes that cross the wire for the first page in a browser with an empty cache."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    total = [0]
    session.on("Network.loadingFinished", lambda event: total.__setitem__(0, total[0] + event["encodedDataLength"]))
    page.goto(f"{studio.url}/pipelines/uirun")
    page.locator(".cm-content").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.close()
    return total[0] / 1e3


def _cpu(session: Any) -> float:
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def _many(context: Any, studio: Studio) -> dict[str, float]:
    """Main-thread CPU and time until an editor of 250 blocks takes a key."""
    cpu, seconds = [], []
    for _ in range(3):
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        start = time.perf_counter()
        page.goto(f"{studio.url}/pipelines/many?block=many_0", wait_until="commit")
        page.locator(".cm-content").first.wait_for()
        seconds.append(time.perf_counter() - start)
        page.wait_for_load_state("networkidle")
        cpu.append(_cpu(session))
        page.close()
    return {
        f"editor of {MANY} blocks, CPU s": statistics.median(cpu),
        f"editor of {MANY} blocks, s": statistics.median(seconds),
    }


def _graph(context: Any, studio: Studio) -> dict[str, float]:
    """Main-thread CPU of a frame while a graph of 1,000 blocks is dragged about, milliseconds."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(f"{studio.url}/pipelines/graph?tab=graph")
    box = page.get_by_role("application").first
    box.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    area = box.bounding_box()
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    before, frames = _cpu(session), 60
    for step in range(frames):
        page.mouse.move(x + (step % 30) * 4, y + (step % 20) * 5)
        page.evaluate("new Promise(done => requestAnimationFrame(done))")
    used = _cpu(session) - before
    page.mouse.up()
    page.close()
    return {f"graph of {GRAPH} blocks, CPU ms a frame": 1000 * used / frames}


def _mage(bench: Bench, browser: Any) -> dict[str, Any]:
    """The same press in Mage, and what its editor brings."""
    assert bench.mage
    mage = Mage(bench.mage, bench.scratch / "browser", bench.scratch / "mage-browser")
    try:
        mage.until_answered("/")
        context = browser.new_context(viewport={"width": 1600, "height": 1000})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=mage.url)
        page = context.new_page()
        page.set_default_timeout(60_000)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        total = [0]
        session.on("Network.loadingFinished", lambda event: total.__setitem__(0, total[0] + event["encodedDataLength"]))
        page.goto(f"{mage.url}/pipelines/uirun/edit", wait_until="commit")
        page.wait_for_selector(".monaco-editor .view-line")
        page.wait_for_timeout(3000)
        taken = []
        for turn in range(8):
            word = f"NONCE{time.time_ns() % 10**9}"
            page.locator(".monaco-editor").first.click()
            page.keyboard.press("Control+A")
            page.keyboard.press("Delete")
            code = f"@data_loader\ndef f(*args, **kwargs):\n    return 'NON' + '{word[3:]}'\n"
            page.evaluate("text => navigator.clipboard.writeText(text)", code)
            page.keyboard.press("Control+V")
            page.wait_for_timeout(1500)
            page.evaluate(_WATCH, word)
            page.keyboard.press("Control+Enter")
            took = page.evaluate(_SEEN)
            if turn > 1 and took is not None:  # Mage drops a press now and then
                taken.append(took)
        context.close()
        return {
            "press run to output painted, ms": statistics.median(taken),
            "first view, kB": total[0] / 1e3,
            "presses shown": len(taken),
        }
    finally:
        mage.stop()
