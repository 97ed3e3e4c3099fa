"""Pages, export and comparison of stored outputs."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.data import Filter, diff, export, fingerprint, page
from penstock.model.errors import SettingInvalidError, StorageError, ValueRefusedError
from penstock.model.product import Address, Lineage
from tests.small_disk import small_disk


@pytest.fixture
def ref(shelf):
    return shelf.put(pd.DataFrame({"n": [3, 1, 2, None], "s": ["c", "a", 'q"x', None], "N": [1, 2, 3, 4]})).ref


def test_a_page_in_stored_order(shelf, ref):
    assert page(shelf.store, ref, offset=1, limit=2, columns=["s"]).to_pydict() == {"s": ["a", 'q"x']}
    assert page(shelf.store, ref, offset=9).num_rows == 0


def test_a_page_sorted_and_filtered(shelf, ref):
    assert page(shelf.store, ref, sort=["-n"]).column("N").to_pylist() == [1, 3, 2, 4]
    assert page(shelf.store, ref, sort=["n"], limit=1, offset=1, columns=["s"]).to_pydict() == {"s": ['q"x']}
    found = page(shelf.store, ref, filter=[Filter("n", ">=", 2), Filter("s", "contains", 'Q"')])
    assert found.column("N").to_pylist() == [3]
    assert page(shelf.store, ref, filter=[Filter("s", "null")]).column("N").to_pylist() == [4]
    assert page(shelf.store, ref, filter=[Filter("s", "not null")]).num_rows == 3
    assert page(shelf.store, ref, filter=[Filter("s", "=", "x'; drop table stored; --")]).num_rows == 0


def test_bad_pages(shelf, ref):
    for wrong in (
        {"columns": ["x"]},
        {"sort": ["-x"]},
        {"filter": [Filter("x", "=", 1)]},
        {"filter": [Filter("n", "like", 1)]},
        {"filter": [Filter("n", ">", "x")]},
    ):
        with pytest.raises(SettingInvalidError) as refusal:
            page(shelf.store, ref, **wrong)
        assert refusal.value.hint


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "arrow"])
def test_export(shelf, ref, tmp_path, kind):
    path = tmp_path / f"mit ' Leerzeichen é.{kind}"
    path.write_text("old")
    export(shelf.store, ref, None, path, kind)
    if kind == "csv":
        found = pd.read_csv(path)
    elif kind == "json":
        found = pd.DataFrame(json.loads(path.read_text()))
    elif kind == "parquet":
        found = pq.read_table(path).to_pandas()
    else:
        found = pa.ipc.open_file(path).read_all().to_pandas()
    assert found["s"].tolist()[:3] == ["c", "a", 'q"x']
    assert found.iloc[:, 2].tolist() == [1, 2, 3, 4]
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == [path.name]


def test_export_has_the_index_in_front(shelf, tmp_path):
    ref = shelf.put(pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="key"))).ref
    export(shelf.store, ref, "output_0", tmp_path / "a.csv", "csv")
    assert (tmp_path / "a.csv").read_text() == "key,a\nx,1\n"


def test_levels_of_an_index_are_exported_whatever_they_are_called_and_hold(shelf, tmp_path):
    months = pd.PeriodIndex(["2020-01", "NaT"], freq="M", name="city")
    index = pd.MultiIndex.from_arrays([["a", "b"], ["p", None], months], names=["city"] * 3)
    for number, frame in enumerate([pd.DataFrame({"v": [1, 2]}, index=index), pd.DataFrame({"v": [1]}, index=[1j])]):
        export(shelf.store, shelf.put(frame).ref, None, tmp_path / f"{number}.csv", "csv")
    lines = (tmp_path / "0.csv").read_text().splitlines()
    assert [line.split(",") for line in lines[1:]] == [["a", "p", "2020-01", "1"], ["b", "", "", "2"]]
    assert len(set(lines[0].split(","))) == 4
    assert (tmp_path / "1.csv").read_text().splitlines()[1:] == ["1j,1"]


def test_parts_with_categories_of_their_own_are_one_file_of_arrow(shelf, tmp_path):
    table = pa.concat_tables([pa.table({"a": pa.array([letter]).dictionary_encode()}) for letter in "ab"])
    export(shelf.store, shelf.put(table).ref, None, tmp_path / "a.arrow", "arrow")
    with pa.memory_map(str(tmp_path / "a.arrow")) as file:
        assert pa.ipc.open_file(file).read_all().column("a").to_pylist() == ["a", "b"]


def test_export_of_values(shelf, tmp_path):
    ref = shelf.put({"a": [1, None, "ü"]}, np.zeros(2), object_with_complex()).ref
    export(shelf.store, ref, "output_0", tmp_path / "a.json", "json")
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [1, None, "ü"]}
    for output, kind in (("output_0", "csv"), ("output_1", "json"), ("output_2", "json")):
        with pytest.raises(ValueRefusedError):
            export(shelf.store, ref, output, tmp_path / "b", kind)
    with pytest.raises(SettingInvalidError, match="unknown format"):
        export(shelf.store, ref, None, tmp_path / "b", "xlsx")
    with pytest.raises(SettingInvalidError, match="folder does not exist"):
        export(shelf.store, ref, None, tmp_path / "no" / "b", "json")


def test_what_is_exported_can_be_read(shelf, tmp_path):
    ref = shelf.put(pd.DataFrame([[1.5, np.inf, 1], [np.nan, -np.inf, 2]], columns=["x", "x", "n"])).ref
    export(shelf.store, ref, None, tmp_path / "a.json", "json")
    found = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)
    assert found == [{"x": 1.5, "x_1": None, "n": 1.0}, {"x": None, "x_1": None, "n": 2.0}]
    export(shelf.store, ref, None, tmp_path / "a.parquet", "parquet")
    assert pd.read_parquet(tmp_path / "a.parquet").columns.tolist() == ["x", "x_1", "n"]
    complex_numbers = shelf.put(pd.DataFrame({"z": [1j, 2.0]})).ref
    for kind in ("csv", "parquet", "json", "arrow"):
        with pytest.raises(ValueRefusedError, match="column z holds complex numbers"):
            export(shelf.store, complex_numbers, None, tmp_path / "z", kind)


OBJECTS = {
    "lists of numbers": ([[1, 2.5], (), None], [[1, 2.5], [], None], [[1.0, 2.5], [], None]),
    "dicts": (
        [{"x": 1, "y": {"z": [True]}}, {"y": None, "x": 2}],
        ...,
        [{"x": 1, "y": {"z": [True]}}, {"x": 2, "y": None}],
    ),
    "of numpy": ([{"n": np.int64(3), "f": np.arange(2.0)}], [{"n": 3, "f": [0.0, 1.0]}], ...),
    "not finite": ([[np.inf], [1.5]], [[None], [1.5]], [[np.inf], [1.5]]),
    "dates": ([[date(2024, 1, 2)]], [["2024-01-02"]], [[date(2024, 1, 2)]]),
    "other keys": ([{"x": 1}, {"y": 1}], ..., ['{"x":1}', '{"y":1}']),
    "no keys": ([{}, {}], ..., ["{}", "{}"]),
    "text and numbers": ([["a"], [1]], ..., ['["a"]', "[1]"]),
    "truth and numbers": ([[True], [1]], ..., ["[true]", "[1]"]),
    "too large": ([[2**53], [0.5]], ..., [f"[{2**53}]", "[0.5]"]),
    "far too large": ([[10**30]], ..., [f"[{10**30}]"]),
    "all sorts": ([{"x": 1}, "text", 5, None], ..., ['{"x": 1}', "text", "5", None]),
    "decimals": ([[Decimal("1.10")]], [[1.1]], ['["1.10"]']),
    "half characters": ([{"\udc80": ["\udc80"]}], [{"?": ["?"]}], ['{"?": ["?"]}']),
    "deep": ([[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]], ..., ["[" * 21 + "1" + "]" * 21]),
    "text that looks so": (['{"x":1}', [1]], ..., ['{"x":1}', "[1]"]),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_exported_as_json_and_with_nested_types_where_they_are_alike(shelf, tmp_path, name):
    values, as_json, as_typed = OBJECTS[name]
    ref = shelf.put(pd.DataFrame({"a": pd.Series(values, dtype=object)})).ref
    export(shelf.store, ref, None, tmp_path / "a.json", "json")
    as_json = values if as_json is ... else as_json
    assert json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail) == [
        {"a": each} for each in as_json
    ]
    as_typed = as_json if as_typed is ... else as_typed
    export(shelf.store, ref, None, tmp_path / "a.parquet", "parquet")
    assert pq.read_table(tmp_path / "a.parquet").column("a").to_pylist() == as_typed
    export(shelf.store, ref, None, tmp_path / "a.arrow", "arrow")
    assert pa.ipc.open_file(tmp_path / "a.arrow").read_all().column("a").to_pylist() == as_typed
    export(shelf.store, ref, None, tmp_path / "a.csv", "csv")


def test_lists_of_numbers_that_are_not_finite_are_json(shelf, tmp_path):
    cells = pd.DataFrame({"a": [np.array([0.5, np.nan]), np.array([np.inf])], "A": [1, 2]})
    structs = pa.table(
        {"a": [{"x": [np.nan]}, None], "m": pa.array([[("k", np.inf)], []], pa.map_("string", "double"))}
    )
    for value, expected in (
        (cells, [{"a": [0.5, None], "A_1": 1}, {"a": [None], "A_1": 2}]),
        (structs, [{"a": {"x": [None]}, "m": {"k": None}}, {"a": None, "m": {}}]),
    ):
        export(shelf.store, shelf.put(value).ref, None, tmp_path / "a.json", "json")
        assert json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail) == expected


@pytest.mark.parametrize(("kind", "text"), [("csv", "h\n1.5\n\n"), ("json", '[\n\t{"h":1.5},\n\t{"h":null}\n]\n')])
def test_numbers_of_two_bytes_are_exported(shelf, tmp_path, kind, text):
    column = pa.chunked_array([pa.array([np.float16(1.5), None], type=pa.float16())])
    ref = shelf.put(pa.table({"h": column})).ref
    export(shelf.store, ref, None, tmp_path / "a", kind)
    assert (tmp_path / "a").read_text() == text


def test_what_a_generator_has_yielded_is_exported_as_one_table(shelf, tmp_path):
    with shelf.store.draft(Address("p", "parts"), shelf.store.issue_fence("r", "parts")) as draft:
        draft.add_parts(iter([pd.DataFrame({"a": [[1]]}), pd.DataFrame({"a": [["x"]]})]))
        ref = draft.publish(Lineage(), fingerprint=fingerprint(Lineage())).ref
    export(shelf.store, ref, None, tmp_path / "a.json", "json")
    assert json.loads((tmp_path / "a.json").read_text()) == [{"a": [1]}, {"a": ["x"]}]
    export(shelf.store, ref, None, tmp_path / "a.parquet", "parquet")
    assert pq.read_table(tmp_path / "a.parquet").column("a").to_pylist() == ["[1]", '["x"]']


def test_numbers_that_json_has_not_are_missing_wherever_they_are(shelf, tmp_path):
    inf = float("inf")
    columns = {
        "lists": pa.array([[1.0, inf], None, [float("nan"), None]]),
        "deep": pa.array([[{"a": -inf, "b": [inf]}], [], [None, {"a": 2.0, "b": None}]]),
        "pairs": pa.array(
            [[(1.0, inf)], None, [(2.0, 2.0)]], pa.list_(pa.struct({"x": pa.float32(), "y": pa.float64()}))
        ),
        "map": pa.array([[("k", inf)], None, [("k", 1.0)]], pa.map_(pa.string(), pa.float64())),
        "fixed": pa.array([[1.0, inf], None, [inf, 2.0]], pa.list_(pa.float32(), 2)),
        "large": pa.array([[inf], [3.0], None], pa.large_list(pa.float64())),
        "words": pa.array([inf, 1.0, inf]).dictionary_encode(),
    }
    table = pa.table(columns)
    export(shelf.store, shelf.put(pa.concat_tables([table.slice(1), table])).ref, None, tmp_path / "a.json", "json")
    found = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)
    assert found[:2] == found[3:]
    assert [found[at]["lists"] for at in (2, 3, 4)] == [[1.0, None], None, [None, None]]
    assert [found[at]["deep"] for at in (2, 3)] == [[{"a": None, "b": [None]}], []]
    assert found[4]["deep"] == [None, {"a": 2.0, "b": None}]
    assert [found[at]["pairs"] for at in (2, 4)] == [[{"x": 1.0, "y": None}], [{"x": 2.0, "y": 2.0}]]
    assert [found[at]["map"] for at in (2, 3, 4)] == [{"k": None}, None, {"k": 1.0}]
    assert [found[at]["fixed"] for at in (2, 3, 4)] == [[1.0, None], None, [None, 2.0]]
    assert [found[at]["large"] for at in (2, 3, 4)] == [[None], [3.0], None]
    assert [found[at]["words"] for at in (2, 3, 4)] == [None, 1.0, None]


def test_a_link_to_itself_is_no_place_for_an_export(shelf, tmp_path):
    link = tmp_path / "a.json"
    link.symlink_to(link)
    with pytest.raises(SettingInvalidError, match="no ordinary file"):
        export(shelf.store, shelf.put([1]).ref, None, link, "json")
    assert link.is_symlink()


def object_with_complex() -> dict[str, complex]:
    return {"z": 1j}


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "arrow"])
def test_a_full_disk_leaves_the_earlier_file(shelf, tmp_path, kind):
    with small_disk(tmp_path / "disk", 1) as disk:
        ref = shelf.put(pd.DataFrame({"a": np.random.default_rng(0).random(10**6)})).ref
        path = disk / "out"
        path.write_text("old")
        with pytest.raises(StorageError) as refusal:
            export(shelf.store, ref, None, path, kind)
        assert refusal.value.hint
        assert path.read_text() == "old"
        assert [entry.name for entry in disk.iterdir()] == ["out"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_missing_durations_are_read_in_queries(shelf, tmp_path, unit):
    frame = pd.DataFrame(
        {"d": np.array([86_400_000_000_000, "NaT", 0], "m8[ns]").astype(f"m8[{unit}]"), "x": [1, 2, 3]}
    )
    ref = shelf.put(frame).ref
    export(shelf.store, ref, None, tmp_path / "out.csv", "csv")
    assert ",2" in (tmp_path / "out.csv").read_text().splitlines()
    assert page(shelf.store, ref, filter=[Filter("x", ">", "1")]).column("d").to_pylist()[0] is None


def test_a_version_differs_from_itself_in_nothing_whatever_its_columns_are_called(shelf):
    for names in (["x", "x", "y"], [1, "1", "x"], ["x", "x (2)", "x"]):
        ref = shelf.put(pd.DataFrame([[1, "a", 2.5]], columns=names)).ref
        assert not diff(shelf.store, ref, ref).differs
    later = shelf.put(pd.DataFrame([[1, "a", 2.5]], columns=["x", "x", "y"])).ref
    last = shelf.put(pd.DataFrame([[1, "b", 2.5]], columns=["x", "x", "y"])).ref
    assert list(diff(shelf.store, later, last).statistics) == ["x (2)"]


@pytest.mark.parametrize("place", ["/proc/out.csv", "{folder}/" + "n" * 300 + ".csv"])
def test_a_place_that_takes_no_file_is_one_sentence(shelf, tmp_path, place):
    ref = shelf.put(pd.DataFrame({"a": [1]})).ref
    with pytest.raises(StorageError, match=r"^writing .*: ") as refusal:
        export(shelf.store, ref, None, Path(place.format(folder=tmp_path)), "csv")
    assert refusal.value.hint.startswith("See that this place can be written")
    assert list(tmp_path.glob("*.csv")) == []


def test_diff_by_key(shelf):
    before = shelf.put(pd.DataFrame({"k": [1, 2, 3, None], "v": ["a", "b", None, "z"], "old": 1})).ref
    after = shelf.put(pd.DataFrame({"k": [2, 3, 4, None], "v": ["b", "x", "d", "z"], "new": 1.5})).ref
    found = diff(shelf.store, before, after, key="k")
    assert found.differs
    assert (found.added_columns, found.removed_columns) == (("new",), ("old",))
    rows = found.row_changes
    assert rows is not None
    assert (rows.added, rows.removed, rows.changed, rows.changed_columns) == (1, 1, 1, {"v": 1})
    assert rows.samples["changed"] == [{"k": 3, "v before": None, "v": "x"}]
    assert rows.samples["added"][0]["k"] == 4
    assert found.statistics["v"] == {"nulls": [1, 0], "minimum": ["a", "b"], "distinct": [3, 4]}
    text = "\n".join(found.lines())
    assert "1 added, 1 removed, 1 changed" in text
    assert json.loads(json.dumps(found.to_dict()))["row_changes"]["added"] == 1


def test_diff_without_key(shelf):
    frame = pd.DataFrame({"f": [1.0, np.nan], "s": ["a", "b"]})
    first = shelf.put(frame).ref
    assert not diff(shelf.store, first, first).differs
    same = diff(shelf.store, first, shelf.put(frame.copy()).ref)
    assert not same.differs
    assert "no difference" in same.lines()[0]
    swapped = diff(shelf.store, first, shelf.put(frame.assign(s=["b", "a"])).ref)
    assert swapped.differs
    assert swapped.content_differs
    assert diff(shelf.store, first, shelf.put(frame[["s", "f"]]).ref).reordered
    assert diff(shelf.store, first, shelf.put(frame.iloc[:1]).ref).rows == (2, 1)


def test_diff_of_values_and_of_kinds(shelf):
    one, same, two = (shelf.put(value).ref for value in ({"a": Decimal(1)}, {"a": Decimal(1)}, {"a": Decimal(2)}))
    assert not diff(shelf.store, one, same).differs
    assert diff(shelf.store, one, two).differs
    kinds = diff(shelf.store, one, shelf.put(np.zeros(3)).ref)
    assert kinds.kinds == ("json", "array")
    arrays = [shelf.put(np.arange(3) + add).ref for add in (0, 0, 1)]
    assert not diff(shelf.store, arrays[0], arrays[1]).differs
    assert diff(shelf.store, arrays[0], arrays[2]).differs


def test_diff_refuses_a_key_that_is_none(shelf):
    ref = shelf.put(pd.DataFrame({"k": [1, 1], "v": [1, 2]})).ref
    other = shelf.put(pd.DataFrame({"k": [1, 1], "v": [1, 3]})).ref
    for key in ("k", "nope"):
        with pytest.raises(SettingInvalidError):
            diff(shelf.store, ref, other, key=key)
    assert diff(shelf.store, ref, other, key=["k", "v"]).row_changes.added == 1
