"""`python -m penstock.server.openapi` writes the OpenAPI document of this version to the standard output."""

from __future__ import annotations

import sys

import msgspec

from penstock.server.description import describe
from penstock.server.routes import all_routes
from penstock.server.routing import Table


def document() -> bytes:
    """The document as text with line ends, so that changes of it can be read."""
    return msgspec.json.format(msgspec.json.encode(describe(Table(all_routes()))), indent=1) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(document())
