"""The fingerprint of what a version was made from.

It is equal for equal code, inputs, variables, environment and settings.
"""

from __future__ import annotations

import hashlib

from penstock.data.plain import encode_plain
from penstock.model.product import Lineage


def fingerprint(lineage: Lineage) -> str:
    """SHA-256 over the lineage, as hex; the run and the attempt do not take part.

    The order of files, variables, packages and settings does not matter; that of the inputs does, for it is the order
    of the function's arguments.

    Raises:
        ValueRefusedError: a variable or setting is not a plain value.
    """
    import msgspec

    parts = {
        "code": lineage.code,
        "inputs": [
            [ref.address.pipeline, ref.address.block, ref.address.partition, ref.version] for ref in lineage.inputs
        ],
        "variables": lineage.variables,
        "environment": lineage.environment,
        "settings": lineage.settings,
    }
    return hashlib.sha256(msgspec.json.encode(encode_plain(parts), order="sorted")).hexdigest()
