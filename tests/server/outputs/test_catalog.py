"""The catalogue counts what is stored, of very many not each time anew, and shows what counts after a power cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.data import Durability, Manifest, ProductStore, deferral, draft, fingerprint, local
from penstock.model.errors import ProductMissingError
from penstock.model.product import Address, Lineage
from penstock.server.outputs.catalog import COUNTED_FOR, Catalog


@pytest.fixture
def store(tmp_path: Path) -> ProductStore:
    return ProductStore(tmp_path, worker=True, durability=Durability.PROCESS)


def put(store: ProductStore, block: str, value: object = 1) -> Manifest:
    with store.draft(Address("p", block), store.issue_fence("run", block)) as made:
        made.add(value)
        lineage = Lineage(run="run")
        return made.publish(lineage, fingerprint=fingerprint(lineage))


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


@pytest.mark.skipif(not deferral.this_boot(), reason="the kernel has no name for its boots")
def test_after_a_power_cut_the_newest_version_that_counts_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "LATER", 0)
    monkeypatch.setattr(draft, "LATER", 0)
    store = ProductStore(tmp_path, worker=True, durability=Durability.DEFERRED)
    assert store.may_defer()
    one, other = Address("p", "one"), Address("p", "other")
    kept, cut = (put(store, "one", letter * 20_000) for letter in "ab")
    put(store, "other", "c" * 20_000)
    store.force(kept.ref)
    monkeypatch.setattr(deferral, "this_boot", lambda: "another boot")

    catalog = Catalog(store)

    (shown,) = catalog.products("p", "")
    assert (shown.block, shown.version, shown.versions) == ("one", kept.ref.version, 1)
    detail = catalog.detail(one, "")
    assert ([each.version for each in detail.versions], detail.versions_total) == ([kept.ref.version], 1)
    assert detail.latest.version == kept.ref.version
    with pytest.raises(ProductMissingError, match="there is no such version"):
        catalog.detail(one, cut.ref.version)
    with pytest.raises(ProductMissingError, match="its versions are gone"):
        catalog.detail(other, "")
