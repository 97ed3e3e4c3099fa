"""The API as an OpenAPI 3.1 document, from the route table and the Structs in it; sockets are an extension."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from penstock.server.permissions import MEANING, Permission
from penstock.server.routing import Reply, Route, Table
from penstock.server.schema.errors import Problem
from penstock.version import __version__

_REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"


def describe(table: Table) -> dict[str, Any]:
    """The document of a table; the same for the same routes, whatever their order."""
    routes = sorted(table.routes, key=lambda route: (route.path, route.method))
    taken = [kind for route in routes for kind in (route.body, route.query) if kind is not None]
    answered = [route.answer for route in routes if route.answer not in {None, Reply}]
    kinds = list(dict.fromkeys([*taken, *answered, Problem]))
    schemas, components = _short_names(*msgspec.json.schema_components(kinds, ref_template=_REFERENCE))
    schema_of = dict(zip(kinds, schemas, strict=True))
    _open_maps(components)
    _require_all(components, [schema_of[kind] for kind in answered], [schema_of[kind] for kind in taken])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not route.websocket:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of, components)
    queries = {schema_of[route.query]["$ref"].rpartition("/")[2] for route in routes if route.query is not None}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Penstock", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "x-sockets": [
            {"path": route.path, "permission": route.permission.value, "summary": summary_of(route)}
            for route in routes
            if route.websocket
        ],
        "components": {
            "schemas": {name: components[name] for name in sorted(components) if name not in queries},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "penstock_PORT"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def summary_of(route: Route) -> str:
    """What a route does, in a sentence."""
    return " ".join((inspect.getdoc(route.handler) or "").split("\n\n", 1)[0].split())


def _operation(route: Route, schema_of: dict[type, Any], components: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{route.noun}.{route.handler.__name__}",
        "tags": [route.noun],
        "summary": summary_of(route),
        "x-permission": route.permission.value,
        "security": _security(route),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.parameters
    ]
    if route.query is not None:
        parameters += _query(components[schema_of[route.query]["$ref"].rpartition("/")[2]])
    if parameters:
        found["parameters"] = parameters
    if route.raw:
        found["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif route.body is not None:
        found["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema_of[route.body]}}}
    problem = {"description": "Error", "content": {_JSON: {"schema": schema_of[Problem]}}}
    found["responses"] = {**_success(route, schema_of), "default": problem}
    return found


def _success(route: Route, schema_of: dict[type, Any]) -> dict[str, Any]:
    status = HTTPStatus.NO_CONTENT if route.answer is None and route.status == HTTPStatus.OK else route.status
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if route.answer is Reply:
        answer["content"] = {kind: {} for kind in route.media or ("*/*",)}
    elif route.answer is not None:
        answer["content"] = {_JSON: {"schema": schema_of[route.answer]}}
    return {str(int(status)): answer}


def _query(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": kind}
        for name, kind in schema["properties"].items()
    ]


def _require_all(components: dict[str, Any], answered: list[Any], taken: list[Any]) -> None:
    """What is only ever sent has all of its fields; defaults are for what is received."""
    for name in _reached(components, answered) - _reached(components, taken):
        if "properties" in components[name]:
            components[name]["required"] = list(components[name]["properties"])


def _short_names(schemas: Any, components: Any) -> tuple[Any, Any]:
    """Structs of two nouns that share a name are called by their module as well: ProductsCell."""
    short = {
        name: "".join(part.title() for part in name.split(".")[-2:-1]) + name.rpartition(".")[2] for name in components
    }

    def renamed(node: Any) -> Any:
        if isinstance(node, dict):
            found = {key: renamed(value) for key, value in node.items()}
            if isinstance(node.get("$ref"), str):
                found["$ref"] = _REFERENCE.format(name=short[node["$ref"].rpartition("/")[2]])
            return found
        return [renamed(value) for value in node] if isinstance(node, list | tuple) else node

    return renamed(schemas), {short[name]: renamed(schema) for name, schema in components.items()}


def _open_maps(node: Any) -> None:
    """An object of which nothing is said holds anything: readers differ about that, unless it is written."""
    if isinstance(node, dict):
        if node.get("type") == "object" and not {"properties", "additionalProperties"} & node.keys():
            node["additionalProperties"] = True
        for value in node.values():
            _open_maps(value)
    elif isinstance(node, list):
        for value in node:
            _open_maps(value)


def _reached(components: dict[str, Any], schemas: Iterable[Any]) -> set[str]:
    found: set[str] = set()
    waiting = list(schemas)
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(components[name])
            waiting += [value for key, value in node.items() if key != "$ref"]
    return found


def permissions() -> list[tuple[str, str]]:
    """Every permission and what it allows."""
    return [(permission.value, MEANING[permission]) for permission in Permission]


def _security(route: Route) -> list[dict[str, list[str]]]:
    """What a caller has to show; the token of a trigger is none of the server's own."""
    if route.permission in {Permission.PUBLIC, Permission.CALL}:
        return []
    return [{"session": []}, {"token": []}]
