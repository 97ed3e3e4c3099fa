"""The catalogue counts what is stored, of very many not each time anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.data import Durability, ProductStore, fingerprint
from penstock.model.product import Address, Lineage
from penstock.server.outputs.catalog import COUNTED_FOR, Catalog


@pytest.fixture
def store(tmp_path: Path) -> ProductStore:
    return ProductStore(tmp_path, worker=True, durability=Durability.PROCESS)


def put(store: ProductStore, block: str) -> None:
    with store.draft(Address("p", block), store.issue_fence("run", block)) as draft:
        draft.add(1)
        lineage = Lineage(run="run")
        draft.publish(lineage, fingerprint=fingerprint(lineage))


def test_few_products_are_counted_each_time(store: ProductStore) -> None:
    catalog = Catalog(store, clock=lambda: 5.0)
    assert catalog.count() == 0
    put(store, "one")
    assert catalog.count() == 1


def test_the_number_of_very_many_is_kept_for_a_while(store: ProductStore) -> None:
    now = [5.0]
    catalog = Catalog(store, many=1, clock=lambda: now[0])
    put(store, "one")
    assert catalog.count() == 1
    put(store, "other")
    assert catalog.count() == 1
    now[0] += COUNTED_FOR
    assert catalog.count() == 2
