"""Whatever is sent to the routes of files, pipelines and blocks: an answer with a sentence, never an error of our own."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest

from penstock.server.routes import all_routes
from penstock.server.routing import Route
from tests.server.projects.conftest import Browser, seg

TEXTS = [
    *("", "a", "join", "orders", "load_orders", "api/customers", "totals", "save", "../x", "/etc", "é 项", "x" * 300),
    *("a\nb", "{{ 1 }}", "transformer", "custom", "python", "sql", "markdown", "callback", "chart", "scratchpad"),
    *(
        "transformers/join.py",
        "data_exporters/save.py",
        "new/one.py",
        'SELECT * FROM "join"',
        "blocks: []\n",
        "name: [",
    ),
    *("@transformer\ndef f(join, load_orders):\n  return 1", "\u202e", "null", "0", "C:x", "- x", "*a", "!!python/x y"),
    *('"', "%", "📦" * 80),
]
KNOWN = {"pipeline": ["orders", "reports/monthly"], "block": ["join", "totals", "save", "load_orders", "api/customers"]}


class Sender:
    """Makes up requests, the same ones for the same seed."""

    def __init__(self, browser: Browser, seed: int) -> None:
        self.browser = browser
        self.random = random.Random(seed)
        nouns = {"pipelines", "blocks", "files"}
        self.routes = [route for routes in all_routes() for route in routes.all if route.noun in nouns]

    def value(self, depth: int = 0) -> Any:
        kind = self.random.random()
        if kind < 0.6 or depth > 3:
            return self.random.choice(TEXTS)
        if kind < 0.75:
            return self.random.choice([0, -1, 2**70, 1.5, 1e308, True, None])
        if kind < 0.85:
            return [self.value(depth + 1) for _ in range(self.random.randint(0, 3))]
        return {self.random.choice(TEXTS): self.value(depth + 1) for _ in range(self.random.randint(0, 3))}

    def field(self, kind: Any) -> Any:
        text = str(kind)
        if "dict" in text and self.random.random() < 0.8:
            return {self.random.choice(TEXTS): self.value(1)}
        if "list[str]" in text and self.random.random() < 0.9:
            return [self.random.choice(TEXTS) for _ in range(self.random.randint(0, 3))]
        return self.random.choice(TEXTS) if "str" in text and self.random.random() < 0.9 else self.value()

    def address(self, route: Route) -> str:
        url = route.path
        for name in route.parameters:
            usual = KNOWN.get(name, TEXTS[1:])
            text = self.random.choice(TEXTS[1:] if self.random.random() < 0.2 else usual)
            url = url.replace(f"{{{name}}}", seg(text))
        return url

    def send(self) -> tuple[str, Any]:
        route = self.random.choice(
            [route for route in self.routes if route.method != "DELETE" or self.random.random() < 0.4]
        )
        query = {field.encode_name: self.random.choice(TEXTS) for field in _fields(route.query)}
        body = {
            field.encode_name: self.field(field.type)
            for field in _fields(route.body)
            if field.required or self.random.random() < 0.5
        }
        sent: dict[str, Any] = {"content": b"PK\3\4 nothing"} if route.raw else {}
        if route.body is not None:
            sent = {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}
        url = self.address(route)
        return f"{route.method} {url} {query} {body}", self.browser.client.request(
            route.method, url, params=query, **sent
        )


def _fields(kind: type | None) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind) if kind is not None else ()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_answer_is_one_that_was_meant(browser: Browser, seed: int) -> None:
    sender = Sender(browser, seed)
    for _ in range(250):
        asked, answer = sender.send()
        assert answer.status_code < 500 or answer.status_code == 507, (asked, answer.text)
        if answer.status_code >= 400:
            assert answer.json()["error"]["message"], asked
    for pipeline in browser.get("/pipelines")["pipelines"]:
        assert browser.client.get(f"/api/pipelines/{seg(pipeline['uuid'])}").status_code in {200, 422}
    assert [path.name for path in browser.root.parent.iterdir() if path.name not in {"good", "data"}] == []
