"""The fingerprint of what a version was made from.

It is equal for equal code, inputs, variables, environment and settings.
"""

from __future__ import annotations

import hashlib

from penstock.data.plain import encode_plain
from penstock.model.product import Lineage

_last: tuple[Lineage | None, str] = (None, "")
"""The last lineage and its fingerprint: children of a block that share a process share it."""


def fingerprint(lineage: Lineage) -> str:
    """SHA-256 over the lineage, as hex; the run and the attempt do not take part.

    The order of files, variables, packages and settings does not matter; that of the inputs does, for it is the order
    of the function's arguments.

    Raises:
        ValueRefusedError: a variable or setting is not a plain value.
    """
    import msgspec

    global _last  # noqa: PLW0603 - a memory of one entry, replaced as a whole
    known, digest = _last
    if known is lineage:
        return digest
    parts = {
        "code": lineage.code,
        "inputs": [
            [ref.address.pipeline, ref.address.block, ref.address.partition, ref.version] for ref in lineage.inputs
        ],
        "variables": lineage.variables,
        "environment": lineage.environment,
        "settings": lineage.settings,
    }
    digest = hashlib.sha256(msgspec.json.encode(encode_plain(parts), order="sorted")).hexdigest()
    _last = lineage, digest
    return digest
