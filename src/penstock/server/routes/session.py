"""Who is logged in, links for further browsers, logging out."""

from __future__ import annotations

import msgspec

from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes

routes = Routes("session")


class Session(msgspec.Struct):
    """The caller, and what it may do."""

    name: str
    permissions: list[str]


class Link(msgspec.Struct):
    """An address that logs one browser in, once, within ten minutes."""

    url: str


@routes.get("/api/session", Permission.PUBLIC)
async def show(call: Call) -> Session:
    """Tell who is logged in; nobody has the permission `public` alone."""
    return Session(call.identity.name, sorted(call.identity.permissions))


@routes.post("/api/session/links", Permission.ADMIN, status=201)
async def link(call: Call) -> Link:
    """Make a link for another browser."""
    return Link(f"{call.app.options.url}/?token={call.app.access.new_link()}")


@routes.delete("/api/session", Permission.VIEW)
async def leave(call: Call) -> None:
    """Log out: the cookie stops counting and open sockets close."""
    call.app.access.end(call.identity.session)


@routes.delete("/api/session/all", Permission.ADMIN)
async def leave_all(call: Call) -> None:
    """Log out every browser."""
    call.app.access.end_all()
