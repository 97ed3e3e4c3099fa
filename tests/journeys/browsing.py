"""A browser for journeys: the system's Chromium, and tabs that take note of everything that goes wrong in them."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

from tests.patience import PATIENCE
from tests.server.running import Server

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LONGEST = 1000 * PATIENCE / 2
"""Milliseconds for which a page is waited for."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """The browser of this machine: what PENSTOCK_CHROMIUM names, or the first of the usual names on the path."""
    found = os.environ.get("PENSTOCK_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    assert found, "The journeys need Chromium, and none was found: run tools/chromium, or set PENSTOCK_CHROMIUM."
    return found


def launch(playwright: Playwright) -> Browser:
    """Start it, without a window."""
    return playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)


@dataclass
class Watch:
    """What happened in the tabs of one context: requests, and everything that must not happen."""

    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, *patterns: str) -> None:
        """Troubles that belong to the journey: regular expressions."""
        self.allowed += patterns

    def follow(self, page: Page) -> None:
        """Take note of what happens in a tab."""
        page.on("request", lambda request: self.requests.append(f"{request.method} {request.url}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.troubles.append(f"uncaught: {error}"))

    def unexpected(self) -> list[str]:
        """Everything that went wrong and was not to."""
        return [one for one in self.troubles if not any(re.search(pattern, one) for pattern in self.allowed)]

    def _failed(self, request: Request) -> None:
        # A page that is left, and a question that is asked anew, drop what they were waiting for.
        if request.failure != "net::ERR_ABORTED":
            self.troubles.append(f"request: {request.failure} {request.method} {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"answer: {response.status} {response.request.method} {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"console: {message.type} {message.text} {message.location.get('url', '')}")


@dataclass
class Tabs:
    """Opens tabs of a browser that is logged in to a server; each call of `open` without `beside` is a new browser."""

    browser: Browser
    watch: Watch = field(default_factory=Watch)
    contexts: list[BrowserContext] = field(default_factory=list)

    def context(self, server: Server | None = None, **options: Any) -> BrowserContext:
        """A browser of its own: cookies, storage. Logged in where a server is given."""
        given = {"viewport": {"width": 1280, "height": 720}, "reduced_motion": "reduce", **options}
        context = self.browser.new_context(**given)
        context.set_default_timeout(LONGEST)
        context.on("page", self.watch.follow)
        self.contexts.append(context)
        if server:
            log_in(context, server)
        return context

    def open(self, server: Server, path: str = "/", *, beside: Page | None = None, **options: Any) -> Page:
        """A tab of that page; `beside` opens it in the same browser as another tab."""
        context = beside.context if beside else self.context(server, **options)
        page = context.new_page()
        page.goto(server.url + path)
        return page

    def picture(self, folder: Path) -> None:
        """Leave a picture of every tab in that folder."""
        for number, page in enumerate(page for context in self.contexts for page in context.pages):
            page.screenshot(path=folder / f"tab-{number}.png")
            sys.stdout.write(f"A picture of tab {number}, {page.url}: {folder / f'tab-{number}.png'}\n")

    def close(self) -> None:
        """Close them all."""
        for context in self.contexts:
            context.close()


def log_in(context: BrowserContext, server: Server) -> None:
    """Give a browser the session of the server's client: a link would log in one of the two only."""
    jar = server.client.cookies.jar
    context.add_cookies([{"name": one.name, "value": one.value or "", "url": server.url} for one in jar])


def address_of(path: str | Path) -> str:
    """A pipeline, or the like, as a part of an address."""
    return str(path).replace("/", "%2F")
