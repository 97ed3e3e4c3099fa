"""What a block reads when its upstream is not part of the run."""

from __future__ import annotations

from penstock.data import ProductStore
from penstock.engine.plan import RunPlan
from penstock.model.block import BlockType
from penstock.model.errors import ProductMissingError
from penstock.model.product import Address, ProductRef


def stored_input(store: ProductStore, plan: RunPlan, block: str, parent: str) -> ProductRef | None:
    """The latest good version of that upstream; None for a sensor, which has no output.

    Raises:
        ProductMissingError: the upstream has not been run.
    """
    upstream = plan.pipeline.block(parent)
    if upstream is not None and upstream.type is BlockType.SENSOR:
        return None
    manifest = store.latest(Address(plan.pipeline.uuid, parent, plan.options.partition))
    if manifest is None:
        raise ProductMissingError(
            f"running block {block}: its upstream {parent} has no stored output",
            hint=f"Run {parent} first, or add --with-upstream.",
        )
    return manifest.ref
