"""What one does in the editor, in the words of the page: blocks by their name, code by its label."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager

from playwright.sync_api import Locator, Page, expect

from tests.server.running import Server

LOADER = """\
import pandas as pd


@data_loader
def load(**kwargs):
    return pd.DataFrame({columns})
"""


def loader(columns: str) -> str:
    """A Python block that returns a frame of these columns."""
    return LOADER.replace("{columns}", columns)


def pipeline(server: Server, name: str, *blocks: dict[str, object]) -> dict[str, str]:
    """Make a pipeline of these blocks; what each is called, by the name that was asked for."""
    server.post("/api/pipelines", {"name": name})
    made: dict[str, str] = {}
    for block in blocks:
        body = {
            "type": "data_loader",
            "language": "python",
            **block,
            "after": list(made.values())[-1] if made else None,
        }
        made[str(block["name"])] = server.post(f"/api/pipelines/{name}/blocks", body)["block"]
    return made


def card(page: Page, block: str) -> Locator:
    """A block of the notebook."""
    return page.get_by_role("article", name=re.compile(rf"^Block \d+: {re.escape(block)}$"))


def code(page: Page, block: str) -> Locator:
    """The editor of a block's code."""
    return page.get_by_role("textbox", name=f"Code of {block}", exact=True)


def write(page: Page, block: str, text: str) -> None:
    """Replace a block's code by this."""
    editor = code(page, block)
    editor.click()
    write_here(page, text)
    expect(editor).to_be_focused()


def write_here(page: Page, text: str) -> None:
    """Replace what stands in the editor that has the focus."""
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def state(page: Page, block: str, word: str) -> None:
    """Wait until the block says that it stands so: done, failed, running."""
    expect(card(page, block).get_by_role("status").filter(has_text=re.compile(rf"^{word}"))).to_be_visible()


def grid(page: Page, block: str) -> Locator:
    """The rows of a block's output, at the right."""
    return page.get_by_role("grid", name=f"Rows of {block}")


def cell(page: Page, block: str, text: str) -> Locator:
    """A cell of those rows."""
    return grid(page, block).get_by_role("gridcell", name=text, exact=True)


def saving(page: Page) -> AbstractContextManager[object]:
    """Waits, when it is left, until what was typed in it is on disk."""
    return page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok)
