"""The description of the API, made from its own table."""

from __future__ import annotations

import msgspec

from penstock.server.description import describe
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Reply, Routes

routes = Routes("openapi")


@routes.get("/api/openapi.json", Permission.VIEW, media=("application/json",))
def show(call: Call) -> Reply:
    """Every route, with its permission and the schemas of what it takes and answers, as OpenAPI 3.1."""
    return Reply(msgspec.json.encode(describe(call.app.table)), "application/json")
