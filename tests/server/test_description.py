"""The OpenAPI document: it says what the routes do, and is what clients are made from."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from penstock.server.description import describe
from penstock.server.openapi import document
from penstock.server.permissions import Permission
from penstock.server.routes import all_routes
from penstock.server.routing import Call, Reply, Routes, Table
from tests.server.application import application, logged_in

routes = Routes("things")


class Part(msgspec.Struct):
    """A part."""

    name: str = ""


class Thing(msgspec.Struct):
    """A thing."""

    parts: list[Part] = []
    size: int = 0
    anything: dict[str, Any] = {}


class NewThing(msgspec.Struct):
    """What is made."""

    name: str
    size: int = 0


class Question(msgspec.Struct):
    """What is asked."""

    q: str
    limit: int = 10


@routes.get("/api/things/{thing}", Permission.VIEW, query=Question)
def show(call: Call) -> Thing:
    """Show one.

    With all of its parts.
    """
    return Thing()


@routes.post("/api/things", Permission.EDIT, body=NewThing, status=201)
def make(call: Call) -> Thing:
    """Make one."""
    return Thing()


@routes.delete("/api/things/{thing}", Permission.EDIT)
def remove(call: Call) -> None:
    """Take it away."""


@routes.get("/api/things/{thing}/file", Permission.PUBLIC, media=("text/csv",))
def load(call: Call) -> Reply:
    """Give its file."""
    return Reply()


@routes.websocket("/api/sound", Permission.VIEW)
async def hear(call: Call, socket: Any) -> None:
    """Hear it."""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return json.loads(msgspec.json.encode(describe(Table([routes]))))


def test_operations(found: dict[str, Any]) -> None:
    assert found["openapi"] == "3.1.0"
    assert {path: set(methods) for path, methods in found["paths"].items()} == {
        "/api/things": {"post"},
        "/api/things/{thing}": {"get", "delete"},
        "/api/things/{thing}/file": {"get"},
    }
    show = found["paths"]["/api/things/{thing}"]["get"]
    assert (show["summary"], show["x-permission"], show["operationId"]) == ("Show one.", "view", "things.show")
    assert [(one["name"], one["in"], one["required"]) for one in show["parameters"]] == [
        ("thing", "path", True),
        ("q", "query", True),
        ("limit", "query", False),
    ]
    assert show["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Thing"}


def test_statuses(found: dict[str, Any]) -> None:
    answers = {
        (path, method): list(operation["responses"])
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    }
    assert answers["/api/things", "post"] == ["201", "default"]
    assert answers["/api/things/{thing}", "delete"] == ["204", "default"]
    assert "text/csv" in found["paths"]["/api/things/{thing}/file"]["get"]["responses"]["200"]["content"]


def test_what_is_sent_has_all_of_its_fields(found: dict[str, Any]) -> None:
    schemas = found["components"]["schemas"]
    assert schemas["Thing"]["required"] == ["parts", "size", "anything"]
    assert schemas["Part"]["required"] == ["name"]
    assert schemas["NewThing"]["required"] == ["name"]
    assert schemas["Thing"]["properties"]["anything"]["additionalProperties"] is True
    assert "Question" not in schemas


def test_sockets_and_public_routes(found: dict[str, Any]) -> None:
    assert found["x-sockets"] == [{"path": "/api/sound", "permission": "view", "summary": "Hear it."}]
    assert found["paths"]["/api/things/{thing}/file"]["get"]["security"] == []
    assert found["paths"]["/api/things"]["post"]["security"]


def test_every_reference_leads_somewhere() -> None:
    whole = json.loads(document())
    schemas = whole["components"]["schemas"]
    text = json.dumps(whole)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names
    assert names <= schemas.keys()


def test_every_route_is_told_once_and_in_words() -> None:
    table = Table(all_routes())
    whole = json.loads(document())
    told = sum(len(methods) for methods in whole["paths"].values()) + len(whole["x-sockets"])
    assert told == len(table.routes)
    operations = [one for methods in whole["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert not [one["operationId"] for one in operations if not one["summary"].endswith(".")]


def test_the_server_tells_its_own() -> None:
    async def work() -> Any:
        async with logged_in(application()) as client:
            return (await client.get("/api/openapi.json")).json()

    assert asyncio.run(work()) == json.loads(document())
