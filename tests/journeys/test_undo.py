"""What is deleted comes back."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.browsing import Tabs
from tests.journeys.editing import card, code, loader, pipeline
from tests.patience import until
from tests.server.running import Server


def test_a_deleted_block_comes_back_with_its_code_and_its_place(studio: Server, tabs: Tabs) -> None:
    pipeline(
        studio,
        "lost",
        {"name": "source", "content": loader("{'a': [1]}")},
        {
            "name": "middle",
            "type": "transformer",
            "upstream": ["source"],
            "content": "@transformer\ndef double(frame):\n    return frame * 2\n",
        },
        {"name": "end", "type": "transformer", "upstream": ["middle"]},
    )
    before = studio.get("/api/pipelines/lost")["blocks"]
    page = tabs.open(studio, "/pipelines/lost?block=middle")
    card(page, "middle").get_by_role("button", name="More about middle").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("article")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("article")).to_have_count(3)
    expect(page.get_by_role("article", name="Block 2: middle")).to_be_visible()
    expect(code(page, "middle")).to_contain_text("return frame * 2")

    def told(blocks: list[dict[str, object]]) -> list[object]:
        return [(one["uuid"], one["upstream"], one["content"]) for one in blocks]

    until("all as before", lambda: told(studio.get("/api/pipelines/lost")["blocks"]) == told(before))


def test_a_deleted_pipeline_comes_back(studio: Server, tabs: Tabs) -> None:
    pipeline(studio, "precious", {"name": "gem", "content": loader("{'carat': [3]}")})
    file = studio.project / "pipelines" / "precious" / "metadata.yaml"
    text = file.read_text()
    page = tabs.open(studio, "/pipelines")
    page.get_by_role("button", name="Actions for precious").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("link", name="precious")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="precious")).to_be_visible()
    until("the file", lambda: file.exists() and file.read_text() == text)
