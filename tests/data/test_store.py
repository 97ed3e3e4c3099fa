from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data import ProductStore, fingerprint
from penstock.data.naming import quote, unquote
from penstock.model.errors import ProductCorruptError, ProductMissingError, ValueRefusedError
from penstock.model.product import Address, Lineage, ProductRef

NAMES = [
    "load", "Load", "LOAD", "..", ".", "", " ", "con", "CON", "nul.txt", "a/b", "a\\b", "a%2fb", "日本語", "é", "e\u0301",
    "x" * 300, "x" * 299 + "y", "ü" * 200, "a.", ".a", "a:b*c?", "a\x00b", "_", "2024-01-01T00:00:00+00:00",
]  # fmt: skip


def test_every_name_has_a_place_of_its_own(shelf):
    for name in NAMES:
        shelf.put(name, block=name, pipeline=name)
    for name in NAMES:
        if name:
            manifest = shelf.store.latest(Address(name, name))
            assert manifest is not None
            assert shelf.store.load(manifest.ref) == name
    found = {address.pipeline for address in shelf.store.addresses()}
    assert found == set(NAMES)
    assert [address.block for address in shelf.store.addresses("Load")] == ["Load"]
    folders = [path.name for path in (Path(shelf.store.root) / "products").iterdir()]
    assert len({unicodedata.normalize("NFC", folder).lower() for folder in folders}) == len(NAMES)
    assert max(len(folder.encode()) for folder in folders) <= 120


@given(st.text())
def test_quoting_is_safe_and_can_be_undone(name):
    folder = quote(name)
    assert folder.isascii()
    assert folder == folder.lower()
    assert 0 < len(folder) <= 120
    assert not set(folder) & set('/\\:*?"<>|')
    assert folder not in {".", ".."}
    assert unquote(folder) in ({name} if "%~" not in folder else {None})


def test_a_name_that_is_no_text_is_refused(shelf):
    with pytest.raises(ValueRefusedError, match="UTF-8"):
        shelf.put(1, block="\ud800")


def test_partitions_are_apart(shelf):
    store = shelf.store
    for partition in ("2024-01-01", "2024-01-02"):
        with store.draft(Address("p", "b", partition), store.issue_fence(partition, "b")) as draft:
            draft.add(partition)
            draft.publish(Lineage(), fingerprint=fingerprint(Lineage()))
    assert {address.partition for address in store.addresses("p")} == {"2024-01-01", "2024-01-02"}
    manifest = store.latest(Address("p", "b", "2024-01-02"))
    assert manifest is not None
    assert store.load(manifest.ref) == "2024-01-02"


def test_what_is_missing(shelf, tmp_path):
    store = ProductStore(tmp_path / "nowhere")
    assert store.latest(Address("p", "b")) is None
    assert store.versions(Address("p", "b")) == []
    assert list(store.addresses()) == []
    for version in ("00000001-abc", "x", ""):
        with pytest.raises(ProductMissingError, match="no such version"):
            store.manifest(ProductRef(Address("p", "b"), version))
    ref = shelf.put(1, block="b").ref
    with pytest.raises(ProductMissingError):
        shelf.store.load(ProductRef(ref.address, ref.version[:8] + "-00000000"))


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": 1', b"\xff\xfe", b"null"])
def test_a_damaged_manifest_is_a_failure(shelf, content):
    shelf.put(1, block="b")
    bad = shelf.put(2, block="b")
    (Path(shelf.store.root) / "products/p/b/_/m/00000002.json").write_bytes(content)
    for read in (lambda: shelf.store.load(bad.ref), lambda: shelf.store.latest(Address("p", "b"))):
        with pytest.raises(ProductCorruptError) as refusal:
            read()
        assert refusal.value.hint


def test_a_manifest_of_a_newer_format(shelf):
    manifest = shelf.put(1, block="b")
    file = Path(shelf.store.root) / "products/p/b/_/m/00000001.json"
    file.write_text(file.read_text().replace('"format":1', '"format":3'))
    with pytest.raises(ProductCorruptError, match="format is 3, this version reads up to 2"):
        shelf.store.load(manifest.ref)


@pytest.mark.parametrize("damage", ["cut", "garbage", "gone"])
@pytest.mark.parametrize(
    "value", [pd.DataFrame({"a": np.arange(5000)}), np.arange(5000), b"x" * 5000, list(range(9000))]
)
def test_a_damaged_data_file_is_a_failure(shelf, value, damage):
    manifest = shelf.put(value)
    file = Path(shelf.store.root) / manifest.files[0].key
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "gone":
        file.unlink()
    elif manifest.outputs[0].stored.codec == "pandas.frame":
        file.write_bytes(b"\0" * len(content))
    else:
        return
    with pytest.raises(ProductMissingError if damage == "gone" else ProductCorruptError):
        shelf.store.load(manifest.ref)


def test_the_fingerprint_covers_what_matters_in_any_order():
    one = ProductRef(Address("p", "a"), "00000001-x")
    two = ProductRef(Address("p", "b"), "00000001-x")
    base = Lineage(
        {"a.py": "1", "b.py": "2"}, (one, two), {"x": 1, "y": {"k": 1, "l": 2}}, {"python": "3"}, {"s": 1}, "r", 1
    )
    same = Lineage(
        {"b.py": "2", "a.py": "1"}, (one, two), {"y": {"l": 2, "k": 1}, "x": 1}, {"python": "3"}, {"s": 1}, "q", 2
    )
    assert fingerprint(base) == fingerprint(same)
    assert len(fingerprint(base)) == 64
    others = [
        Lineage({"a.py": "1"}, (one, two), base.variables, base.environment, base.settings),
        Lineage(base.code, (two, one), base.variables, base.environment, base.settings),
        Lineage(base.code, (one,), base.variables, base.environment, base.settings),
        Lineage(base.code, (one, two), {"x": 1.0}, base.environment, base.settings),
        Lineage(base.code, (one, two), base.variables, {"python": "4"}, base.settings),
        Lineage(base.code, (one, two), base.variables, base.environment, {}),
    ]
    assert len({fingerprint(lineage) for lineage in [base, *others]}) == 7


def test_a_lineage_survives(shelf):
    store = shelf.store
    lineage = Lineage(
        {"a.py": "1"}, (ProductRef(Address("p", "é", "x"), "v"),), {"t": (1, 2), "$x": {3: None}}, {"python": "3"}
    )
    with store.draft(Address("p", "b"), store.issue_fence("r", "b")) as draft:
        ref = draft.publish(lineage, fingerprint=fingerprint(lineage)).ref
    assert store.manifest(ref).lineage == lineage


def test_tables_of_every_kind(shelf):
    import polars as pl
    import pyarrow as pa

    for value in (
        pd.DataFrame({"a": [1, 2]}), pd.Series([1, 2], name="a"), pl.DataFrame({"a": [1, 2]}), pl.Series("a", [1, 2]),
        pa.table({"a": [1, 2]}), iter([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})]),
    ):  # fmt: skip
        assert shelf.store.table(shelf.put(value).ref).to_pydict() == {"a": [1, 2]}
    assert shelf.store.table(shelf.put(pd.DataFrame(index=[1, 2])).ref).num_rows == 2
    assert shelf.store.table(shelf.put(5, pd.DataFrame({"z": [1]})).ref, "output_1").column_names == ["z"]
    for other in (5, "text", {"a": 1}, np.zeros((2, 2))):
        with pytest.raises(ValueRefusedError, match="as a table"):
            shelf.store.table(shelf.put(other).ref)


def test_duckdb_reads_the_table(shelf):
    import duckdb

    frame = pd.DataFrame({"s": ["a", "b", "a"] * 10**5, "n": range(3 * 10**5)})
    table = shelf.store.table(shelf.put(frame).ref)
    with duckdb.connect() as duck:
        duck.register("t", table)
        found = duck.execute("select s, sum(n), count(*) from t group by s order by s").fetchall()
    wanted = frame.groupby("s")["n"].agg(["sum", "count"])
    assert found == [(name, int(row["sum"]), int(row["count"])) for name, row in wanted.iterrows()]
