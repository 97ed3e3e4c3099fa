"""What was stored for one reader alone goes, and nothing else."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pandas as pd

from penstock.data import ProductStore, fingerprint
from penstock.data.forgetting import forget, left_over
from penstock.model.product import Address, Lineage


def published(store: ProductStore, address: Address, rows: int) -> None:
    lineage = Lineage()
    with store.draft(address, store.issue_fence("run", f"{address.block}{address.partition}{rows}")) as draft:
        draft.add(pd.DataFrame({"a": range(rows)}))
        draft.add({"rows": rows})
        draft.publish(lineage, fingerprint=fingerprint(lineage))


def test_all_versions_of_an_address_go_with_their_data(tmp_path: Path) -> None:
    store = ProductStore(tmp_path)
    going, staying = Address("p", "b", "call-1"), Address("p", "b")
    for address in (going, staying):
        published(store, address, 10)
        published(store, address, 20_000)
    kept = sorted(path for path in (tmp_path / "products/p/b/_").rglob("*"))
    forget(store.backend, going)
    assert list(store.addresses()) == [staying]
    assert not (tmp_path / "products/p/b/call-1").exists()
    assert sorted(path for path in (tmp_path / "products/p/b/_").rglob("*")) == kept
    forget(store.backend, going)  # there is nothing left to do


def test_what_is_being_read_is_left_to_cleaning(tmp_path: Path) -> None:
    store = ProductStore(tmp_path)
    address = Address("p", "b", "call-1")
    published(store, address, 20_000)
    manifest = store.latest(address)
    assert manifest is not None
    table = store.table(manifest.ref)
    forget(store.backend, address)
    assert store.latest(address) is None
    assert table.column("a")[19_999].as_py() == 19_999


def test_what_a_killed_process_has_left_is_found_once_it_is_old(tmp_path: Path) -> None:
    store = ProductStore(tmp_path)
    wanted = Address("p", "b", "call-1")
    for address in (wanted, Address("p", "b", "call-us"), Address("p", "b"), Address("p", "other", "call-2")):
        published(store, address, 1)
    pattern = re.compile(r"call-\d+")
    found = left_over(store.backend, Address("p", "b", "call-3"), pattern, time.time() + 60)
    assert found == [wanted]
    assert left_over(store.backend, wanted, pattern, time.time() - 60) == []
