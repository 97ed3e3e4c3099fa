from decimal import Decimal

import pandas as pd
import pyarrow as pa

from penstock.connect.sql.frames import MARK
from penstock.data import ProductStore, fingerprint
from penstock.engine.upstreams import Upstream
from penstock.model.messages import InputOrder
from penstock.model.product import Address, Items, Lineage

TABLE = pa.table(
    {
        "year": pa.array([2013, 2014], pa.int32()),
        "price": pa.array([Decimal("1.25"), None], pa.decimal128(18, 2)),
        "count": pa.array([1, None], pa.int64()),
        "name": ["a", None],
        "tags": pa.array([[1, 2], None]),
    }
)


TABLE = TABLE.append_column(pa.field("doc", pa.string(), metadata={MARK: b"json"}), pa.array(['{"a": {"b": 1}}', None]))


def upstream(tmp_path, *values, language="sql"):
    store = ProductStore(tmp_path)
    draft = store.draft(Address("p", "b"), store.issue_fence("r", "b"))
    for value in values:
        draft.add(value, load_as="pandas" if language == "sql" else None)
    manifest = draft.publish(Lineage(), fingerprint=fingerprint(Lineage()))
    return Upstream(InputOrder("b", manifest.ref, "transformer", language), store)


def test_a_python_block_gets_the_rows_of_a_query_in_types_that_do_not_overflow(tmp_path):
    given = upstream(tmp_path, TABLE)
    frame = given.value()
    assert isinstance(frame, pd.DataFrame)
    assert str(frame["year"].dtype) == "int64"
    assert frame["year"].iloc[0] * 2_000_000 == 4_026_000_000
    assert frame["price"].dtype == "float64"
    assert frame["price"].iloc[0] == 1.25
    assert pd.isna(frame["price"].iloc[1])
    assert frame["count"].iloc[0] == 1
    assert frame["doc"].iloc[0]["a"]["b"] == 1
    assert frame["tags"].iloc[0] == [1, 2]
    assert list(frame.columns) == TABLE.column_names


def test_two_columns_of_one_name_are_each_converted(tmp_path):
    twice = pa.table([pa.array([1], pa.int8()), pa.array([2], pa.int16())], names=["a", "a"])
    frame = upstream(tmp_path, twice).value()
    assert list(frame.columns) == ["a", "a"]
    assert [str(dtype) for dtype in frame.dtypes] == ["int64", "int64"]
    assert frame.to_numpy().tolist() == [[1, 2]]


def test_a_sql_block_gets_them_as_the_query_made_them(tmp_path):
    assert upstream(tmp_path, TABLE).table().schema.types == TABLE.schema.types


def test_a_frame_of_a_python_block_stays_as_it_is(tmp_path):
    frame = pd.DataFrame({"x": pd.array([1, 2], "int32")})
    assert str(upstream(tmp_path, frame, language="python").value()["x"].dtype) == "int32"


def test_no_output_and_no_version_are_the_empty_list(tmp_path):
    assert upstream(tmp_path).value() == []
    assert Upstream(InputOrder("b", None), ProductStore(tmp_path)).value() == []
    assert upstream(tmp_path, 1, 2, language="python").value() == [1, 2]


def item_of_parts(root, at, *parts):
    """The item of that number of an output that came in these parts, under one name in every store."""
    store = ProductStore(root)
    draft = store.draft(Address("p", "b"), store.issue_fence("r", "b"))
    draft.add_parts(parts)
    sizes = tuple(len(items) for (items,) in parts)
    items = Items(sum(sizes), parts=sizes)
    ref = draft.publish(Lineage(), fingerprint=fingerprint(Lineage()), items=items).ref
    return Upstream(InputOrder("b", ref, item=at, units=("b",)), store).value()


def test_an_item_is_found_in_the_parts_of_its_own_store(tmp_path):
    assert item_of_parts(tmp_path / "one", 2, [["a", "b"]], [["c"]]) == "c"
    assert item_of_parts(tmp_path / "two", 2, [["d"]], [["e", "f"]]) == "f"
