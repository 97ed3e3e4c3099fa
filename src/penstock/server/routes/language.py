"""Language services of the editor."""

from __future__ import annotations

from starlette.websockets import WebSocket

from penstock.model.errors import UnsupportedError
from penstock.server.language.checking import check_block, check_file
from penstock.server.language.formatting import FORMATS, formatted
from penstock.server.language.names import block_names
from penstock.server.language.tools import INSTALL, find_tool
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes
from penstock.server.schema.language import (
    BlockNames,
    CheckRequest,
    FormatRequest,
    Formatted,
    LanguageStatus,
    TextFindings,
)

routes = Routes("language")
_MISSING, _ENDED = 4404, 4410
"""Close codes: the language server is not there, and it has ended but may be asked for again."""
_REASON = 120
"""Bytes that the reason of a close may have, by the protocol."""


@routes.get("/api/language/status", Permission.VIEW)
def language_status(call: Call) -> LanguageStatus:
    """Which language services there are, and what installs the others."""
    del call
    server, formatter = find_tool("ty") is not None, find_tool("ruff") is not None
    install = None if server and formatter else INSTALL
    return LanguageStatus(server, formatter, list(FORMATS) if formatter else [], install)


@routes.websocket("/api/language", Permission.VIEW)
async def language(call: Call, socket: WebSocket) -> None:
    """The language server protocol, one message of JSON at a time; files are `project:///` addresses."""
    try:
        await call.studio.language.serve(socket.receive_text, socket.send_text)
    except UnsupportedError as error:
        await socket.close(_MISSING, f"{error.message}. {error.hint}"[:_REASON])
    except ConnectionError as error:
        await socket.close(_ENDED, str(error)[:_REASON])


@routes.post("/api/language/format", Permission.VIEW, body=FormatRequest)
async def format_text(call: Call) -> Formatted:
    """A text as the formatter writes it; nothing is saved."""
    resolver, path = call.studio.workspace.resolver, call.body.path
    place = str(resolver.resolve(path).path) if path else None
    return Formatted(await formatted(call.body.language, call.body.content, call.studio.root, place))


@routes.post("/api/language/check", Permission.VIEW, body=CheckRequest)
def check_text(call: Call) -> TextFindings:
    """What there is to say about a text as it stands in an editor."""
    asked: CheckRequest = call.body
    if asked.pipeline is not None and asked.block is not None:
        return TextFindings(check_block(call.studio.project(), asked.pipeline, asked.block, asked.content))
    return TextFindings(check_file(asked.path or "", asked.content))


@routes.get("/api/pipelines/{pipeline}/blocks/{block}/names", Permission.VIEW)
def show_names(call: Call) -> BlockNames:
    """What can be completed in a block."""
    studio = call.studio
    private = studio.workspace.resolver.is_private
    return block_names(studio.project(), studio.store, private, call.path["pipeline"], call.path["block"])
