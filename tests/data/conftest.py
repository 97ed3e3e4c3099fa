from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.data import Durability, Manifest, ProductStore, fingerprint
from penstock.model.product import Address, Lineage


class Shelf:
    """A store with the shortest way to put a value in and get it out again."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.store = ProductStore(root, **{"worker": True, "durability": Durability.PROCESS, **options})
        self.count = 0

    def put(
        self,
        *values: object,
        block: str = "",
        pipeline: str = "p",
        partition: str = "",
        checks: Any = (),
        **options: Any,
    ) -> Manifest:
        self.count += 1
        name = block or f"block_{self.count}"
        address = Address(pipeline, name, partition) if partition else Address(pipeline, name)
        with self.store.draft(address, self.store.issue_fence(f"run {self.count}", name)) as draft:
            for value in values:
                draft.add(value, **options)
            lineage = Lineage(run=f"run {self.count}")
            return draft.publish(lineage, fingerprint=fingerprint(lineage), checks=checks)

    def back(self, value: object, **options: Any) -> Any:
        return self.store.load(self.put(value, **options).ref)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "store")


@pytest.fixture
def make_shelf(tmp_path: Path) -> Callable[..., Shelf]:
    return lambda **options: Shelf(tmp_path / "store", **options)
