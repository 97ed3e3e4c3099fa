"""Blocks that are a global data product: they have no code, and refer to what another pipeline has made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.languages.job import BlockResult, Job
from penstock.sdk.remote import GlobalDataProduct

_OWN = ("outdated_after", "outdated_starting_at", "settings")


class GlobalProductRunner:
    """Has the product made anew when it is outdated. Its one output names the versions; later blocks get the values."""

    def run(self, job: Job) -> BlockResult:
        """The versions, by block. Raises as `GlobalDataProduct.get_outputs`."""
        order = job.order.block
        given = order.configuration.get("global_data_product")
        given = given if isinstance(given, Mapping) else {"uuid": given} if isinstance(given, str) else {}
        name = str(given.get("uuid") or order.configuration.get("uuid") or order.uuid)
        settings: dict[str, Any] = {key: given[key] for key in _OWN if given.get(key) is not None}
        versions = GlobalDataProduct(name, settings).versions()
        outputs = {block: [reference for _, reference in parts] for block, parts in versions.items()}
        return BlockResult(outputs=[{"global_data_product": name, "outputs": outputs}])


RUNNER = GlobalProductRunner()
