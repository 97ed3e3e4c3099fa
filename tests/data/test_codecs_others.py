from __future__ import annotations

import datetime as dt
import enum
import io
import math
import pathlib
import uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

PLAIN = [
    None, True, 0, -(2**80), 2**63, 1.5, -0.0, float("inf"), "", "text\x00ü", "\udc80", b"", bytearray(b"x"),
    dt.datetime(2020, 1, 1, 2, 3, 4, 5), dt.datetime(2020, 1, 1, tzinfo=dt.UTC),  # noqa: DTZ001
    dt.datetime(2020, 10, 25, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"), fold=1),
    dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5, seconds=7), "X")),
    dt.date(2020, 2, 29), dt.time(1, 2, 3), dt.time(1, tzinfo=dt.UTC), dt.timedelta(days=-3, microseconds=1),
    Decimal("1.10"), Decimal("-Infinity"), Fraction(1, 3), uuid.UUID(int=5), pathlib.Path("a/b"), 1 + 2j, range(1, 9, 2),
    [], [1, [2, (3, {4})]], (), ((1,),), {}, {"a": {"b": [None]}}, {1: "x", (1, 2): 3, None: 4}, {"$tuple": [1]},
    {"\ud800": 1}, set(), frozenset({1, "a"}), OrderedDict([("b", 1), ("a", 2)]), Counter("aab"), deque([1, 2], maxlen=5),
    defaultdict(list, {"a": [1]}), defaultdict(None, {(1, 2): 3}), defaultdict(Counter),
    np.int16(5), np.float64("1.1"), np.datetime64("2020-01-01T01", "h"), np.str_("x"), np.bool_(True), ...,
    pd.Timestamp("2020-01-01", tz="US/Pacific"), pd.Timedelta("1ns"), pd.NaT, pd.NA, pd.Period("2020Q1"),
    pd.Interval(0, pd.Timestamp("2020").value, closed="neither"),
]  # fmt: skip


def same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(other):
        return math.isnan(one)
    return type(one) is type(other) and repr(one) == repr(other)


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_values_survive_alone_and_inside(shelf, value):
    assert same(shelf.back(value), value)
    assert same(shelf.back({"in": [value, (value,)]}), {"in": [value, (value,)]})


def test_a_list_of_outputs_a_single_one_and_none(shelf):
    assert shelf.store.load(shelf.put(1, "a", None).ref) == [1, "a", None]
    assert shelf.store.load(shelf.put([1, 2]).ref) == [1, 2]
    assert shelf.store.load(shelf.put().ref) is None


def test_a_large_plain_value_goes_to_a_file(shelf):
    value = [{"n": number, "text": "x" * 20} for number in range(5000)]
    manifest = shelf.put(value)
    assert manifest.outputs[0].stored.inline is None
    assert shelf.store.load(manifest.ref) == value


def test_tables_and_arrays_inside_of_plain_values(shelf):
    value = {
        "frame": pd.DataFrame({"a": [1, 2]}),
        "list": [np.arange(3), (pl.DataFrame({"z": [1]}), "x")],
        5: pa.table({"q": [1]}),
    }
    found = shelf.back(value)
    pd.testing.assert_frame_equal(found["frame"], value["frame"])
    assert found["list"][0].tolist() == [0, 1, 2]
    assert found["list"][1][0].equals(value["list"][1][0])
    assert found[5].equals(value[5])


def test_series_without_a_name_inside_of_plain_values(shelf):
    words = pl.Series(["b", None, "a"], dtype=pl.Categorical)
    numbers = pd.Series([1, 2], index=pd.Index(["x", "y"]))
    found = shelf.back({"polars": [pl.Series([1, None]), (words,)], "pandas": {"deep": [numbers, numbers.index]}})
    assert found["polars"][0].equals(pl.Series([1, None]), check_names=True)
    assert found["polars"][1][0].equals(words, check_names=True, check_dtypes=True)
    pd.testing.assert_series_equal(found["pandas"]["deep"][0], numbers)
    pd.testing.assert_index_equal(found["pandas"]["deep"][1], numbers.index)
    lone = shelf.put(pl.Series([5, 6]))
    assert shelf.store.load(lone.ref).equals(pl.Series([5, 6]), check_names=True)
    assert shelf.store.table(lone.ref).column(0).to_pylist() == [5, 6]


class Colour(enum.Enum):
    RED = 1


@dataclass
class Point:
    x: int = 1


Pair = namedtuple("Pair", "a b")  # noqa: PYI024


@pytest.mark.parametrize(
    "value",
    [Colour.RED, Point(), Pair(1, 2), object(), len, int, {"a": [Point()]}, io.BytesIO(b"x")],
    ids=lambda value: type(value).__name__,
)
def test_unknown_values_are_refused_with_a_hint(shelf, value):
    with pytest.raises(ValueRefusedError) as refusal:
        shelf.put(value)
    assert refusal.value.hint


def test_a_value_that_holds_itself_is_refused(shelf):
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueRefusedError, match="nested"):
        shelf.put(value)


json_like = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=4), st.binary(max_size=4)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=3),
    ),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_like)
def test_any_nested_value_survives(shelf, value):
    assert same(shelf.back(value), value)


ARRAYS = {
    "ints": np.arange(12).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "strided": np.arange(12)[::2],
    "scalar shape": np.array(5.5),
    "empty": np.empty((0, 3), dtype="f4"),
    "text": np.array(["a", "bcd"]),
    "bytes": np.array([b"a", b"bcd"]),
    "times": np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
    "structured": np.array([(1, 2.5, [1, 2])], dtype=[("a", "i4"), ("b", "f8"), ("c", "i2", (2,))]),
    "nested structure": np.zeros(2, dtype=[("a", [("x", "u1"), ("y", ">i8")])]),
    "half a character": np.array(["a\ud800", "b"]),
    "half a character in a structure": np.array([("a\ud800", 1)], dtype=[("a", "U3"), ("b", "i8")]),
    "bool": np.array([[True], [False]]),
    "big endian": np.arange(3, dtype=">f8"),
    "long double": np.array([1.1], dtype=np.longdouble),
    "half": np.array([1.5, np.nan], dtype="f2"),
    "complex": np.array([1j]),
    "void": np.array([b"ab"], dtype="V2"),
    "readonly": np.broadcast_to(np.array([1, 2]), (3, 2)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(shelf, name):
    value = ARRAYS[name]
    found = shelf.back(value)
    assert found.dtype == value.dtype
    assert found.shape == value.shape
    assert found.tobytes() == value.tobytes()
    assert found.flags.f_contiguous == value.flags.f_contiguous or name in {"strided", "readonly"}
    if found.size:
        found.flat[0] = found.flat[-1]


@pytest.mark.parametrize(
    "value", [np.array([1, "a"], dtype=object), np.ma.array([1], mask=[True]), np.rec.array([(1,)])]
)
def test_arrays_without_exact_form(shelf, value):
    with pytest.raises(ValueRefusedError):
        shelf.put(value)


def arrow_tables() -> dict[str, pa.Table]:
    nested = pa.array([{"a": [1, None]}, None], pa.struct([("a", pa.list_(pa.int32()))]))
    return {
        "nulls and nan": pa.table({"f": pa.array([1.0, None, float("nan")])}),
        "metadata": pa.table({"a": [1]}).replace_schema_metadata({"k": "v"}),
        "not null": pa.table(
            [pa.array([1])], schema=pa.schema([pa.field("a", pa.int8(), nullable=False, metadata={"x": "y"})])
        ),
        "nested": pa.table({"n": nested, "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8()))}),
        "same names": pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"]),
        "no rows": pa.table({"a": pa.array([], pa.date32()), "d": pa.array([], pa.decimal256(50, 3))}),
        "no columns": pa.table({"a": [1, 2]}).select([]),
        "chunks": pa.table({"a": pa.chunked_array([[1], [2, 3]])}),
        "dictionaries": pa.table(
            {"a": pa.chunked_array([pa.array(["x"]).dictionary_encode(), pa.array(["y"]).dictionary_encode()])}
        ),
        "many pieces": _in_pieces(["text", "text", "number"], 20),
        "many columns in many pieces": _in_pieces([f"c{at}" for at in range(70)], 20),
        "sliced": pa.table({"a": list(range(10)), "b": list("abcdefghij")}).slice(3, 4),
        "views": pa.table({"v": pa.array(["a" * 50, None], pa.string_view())}),
        "null type": pa.table({"n": pa.nulls(2)}),
        "times": pa.table({"t": pa.array([1], pa.timestamp("ns", "Asia/Tokyo")), "o": pa.array([1], pa.time32("s"))}),
    }


def _in_pieces(names: list[str], pieces: int) -> pa.Table:
    """Columns of text, the last one of numbers, in as many pieces; two names may be the same."""
    texts = [pa.array([f"{name} {at}", None]) for at, name in enumerate(names[:-1])]
    fields = [
        *(pa.field(name, pa.string(), metadata={"x": name}) for name in names[:-1]),
        pa.field(names[-1], pa.int64()),
    ]
    schema = pa.schema(fields, metadata={"k": "v"})
    batch = pa.RecordBatch.from_arrays([*texts, pa.array([1, 2])], schema=schema)
    return pa.Table.from_batches([batch] * pieces)


@pytest.mark.skipif(not hasattr(pa, "uuid"), reason="this pyarrow has no such type")
def test_extension_types_in_many_pieces(shelf):
    piece = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16, None], pa.binary(16)))
    table = pa.table({"u": pa.chunked_array([piece] * 20)})
    found = shelf.back(table)
    assert found.schema == table.schema
    assert found.equals(table)


@pytest.mark.skipif(not hasattr(pa, "uuid"), reason="this pyarrow has no such type")
def test_extension_types(shelf):
    storage = pa.array([b"0" * 16, None], pa.binary(16))
    table = pa.table({"u": pa.ExtensionArray.from_storage(pa.uuid(), storage)})
    found = shelf.back(table)
    assert found.schema == table.schema
    assert found.equals(table)


@pytest.mark.parametrize("name", arrow_tables())
def test_arrow_tables(shelf, name):
    table = arrow_tables()[name]
    found = shelf.back(table)
    assert found.schema.equals(table.schema, check_metadata=True)
    assert found.num_rows == table.num_rows
    assert found.to_pylist().__repr__() == table.to_pylist().__repr__()
    for batch in table.to_batches()[:1]:
        assert shelf.back(batch).to_pylist().__repr__() == batch.to_pylist().__repr__()


def test_arrow_arrays(shelf):
    assert shelf.back(pa.array([1, None])).equals(pa.array([1, None]))
    chunked = pa.chunked_array([["a"], ["b"]])
    assert shelf.back(chunked).equals(chunked)
    assert shelf.back(pa.chunked_array([], pa.int8())).equals(pa.chunked_array([], pa.int8()))


def test_unions_are_refused(shelf):
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(ValueRefusedError, match="union"):
        shelf.put(pa.table({"u": union}))


def test_an_arrow_table_may_be_read_back_as_pandas(shelf):
    table = pa.table({"i": [1, 2], "n": [1, None], "f": [1.0, float("nan")], "s": ["a", None], "b": [True, False]})
    found = shelf.back(table, load_as="pandas")
    pd.testing.assert_frame_equal(found, table.to_pandas())
    for name in found.columns:
        found.loc[0, name] = found.loc[1, name]
    found["i"].to_numpy()
    assert shelf.store.table(shelf.put(found).ref).num_rows == 2


def test_dates_that_python_lacks_are_moments_of_pandas(shelf):
    far = pa.array([2**31 - 1, 0, None], pa.int32()).cast(pa.date32())
    found = shelf.back(pa.table({"d": far}), load_as="pandas")["d"]
    assert [str(value) for value in found] == ["5881580-07-11 00:00:00", "1970-01-01 00:00:00", "NaT"]


POLARS = {
    "flat": pl.DataFrame({"i": [1, None], "f": [float("nan"), None], "s": ["a" * 40, None], "b": [True, None]}),
    "types": pl.DataFrame(
        {
            "d": [dt.date(2020, 1, 1)],
            "t": [dt.datetime(2020, 1, 1)],  # noqa: DTZ001
            "u": [dt.timedelta(1)],
            "n": [None],
            "x": [b"x"],
        }
    ),
    "zone": pl.DataFrame({"t": pl.Series([dt.datetime(2020, 1, 1)]).dt.replace_time_zone("Europe/Rome")}),  # noqa: DTZ001
    "decimal": pl.DataFrame({"d": pl.Series([Decimal("1.50")], dtype=pl.Decimal(20, 2))}),
    "categories": pl.DataFrame(
        {"c": pl.Series(["b", "a"], dtype=pl.Categorical), "e": pl.Series(["x", None], dtype=pl.Enum(["y", "x"]))}
    ),
    "nested": pl.DataFrame(
        {
            "l": [[1, 2], None],
            "s": [{"a": 1}, {"a": None}],
            "a": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)),
        }
    ),
    "no name": pl.DataFrame({"column_1": ["x"], "": pl.Series(["b"], dtype=pl.Categorical), "column_0": [1]}),
    "no rows": pl.DataFrame(schema={"a": pl.Int8, "b": pl.String}),
    "no columns": pl.DataFrame(),
}


@pytest.mark.parametrize("name", POLARS)
def test_polars_frames(shelf, name):
    frame = POLARS[name]
    found = shelf.back(frame)
    assert found.schema == frame.schema
    assert found.equals(frame, null_equal=True)
    for series in frame:
        assert shelf.back(series).dtype == series.dtype
        assert shelf.back(series).name == series.name


def test_integers_that_arrow_has_no_type_for(shelf):
    frame = pl.DataFrame({"i": pl.Series([2**100], dtype=pl.Int128)})
    with pytest.raises(ValueRefusedError, match="Int128") as refusal:
        shelf.put(frame)
    assert refusal.value.hint


def test_a_lazy_frame_is_collected_and_objects_are_refused(shelf):
    assert shelf.back(pl.LazyFrame({"a": [1]}).select(pl.col("a") + 1)).to_dict(as_series=False) == {"a": [2]}
    with pytest.raises(ValueRefusedError, match=r"column 'o' \(Object\)") as refusal:
        shelf.put(pl.DataFrame({"o": pl.Series([Point()], dtype=pl.Object)}))
    assert "Make text" in refusal.value.hint


def test_geometries(shelf):
    import geopandas as gpd
    import geopandas.testing
    from shapely.geometry import LineString, Point

    frame = gpd.GeoDataFrame(
        {"n": [1, 2, 3]}, geometry=[Point(1, 2), None, LineString([(0, 0, 5), (1, 1, 6)])], crs="EPSG:4326"
    )
    frame["other"] = gpd.GeoSeries([Point(), Point(0.1, 0.2), None], crs="EPSG:3857")
    found = shelf.back(frame)
    assert type(found) is gpd.GeoDataFrame
    assert found.crs == frame.crs
    assert found["other"].crs == frame["other"].crs
    gpd.testing.assert_geodataframe_equal(found, frame)
    series = frame["other"].rename("renamed")
    gpd.testing.assert_geoseries_equal(shelf.back(series), series)
    plain = gpd.GeoDataFrame({"a": [1]})
    assert shelf.back(plain).active_geometry_name is None


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"])
@pytest.mark.parametrize("family", ["matrix", "array"])
def test_sparse(shelf, kind, family):
    from scipy import sparse

    value = getattr(sparse, f"{kind}_{family}")(np.array([[0, 1.5, 0], [2, 0, 0]]))
    found = shelf.back(value)
    assert type(found) is type(value)
    assert found.dtype == value.dtype
    assert (found.toarray() == value.toarray()).all()
    assert shelf.back(value[:0] if kind in {"csr", "csc", "lil"} else value).shape[1] == 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I", "F", "YCbCr", "HSV", "LAB", "I;16"])
def test_images(shelf, mode):
    from PIL import Image

    pixels = Image.fromarray(np.random.default_rng(0).integers(0, 255, (5, 7, 3), dtype=np.uint8))
    image = Image.new(mode, (7, 5)) if mode in {"LAB", "I;16", "LA"} else pixels.convert(mode)
    manifest = shelf.put(image)
    found = shelf.store.load(manifest.ref)
    assert (found.mode, found.size, found.tobytes()) == (image.mode, image.size, image.tobytes())
    assert found.getpalette() == image.getpalette()
    assert manifest.summaries()[0].kind is Kind.IMAGE


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "CMYK", "F"])
@pytest.mark.parametrize("size", [(0, 0), (0, 3), (4, 0)])
def test_images_without_pixels(shelf, mode, size):
    from PIL import Image

    image = Image.new(mode, size)
    for found in (shelf.back(image), shelf.back({"image": [image]})["image"][0]):
        assert (found.mode, found.size, found.tobytes()) == (mode, size, b"")


def test_figures(shelf):
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    manifest = shelf.put(figure)
    assert manifest.summaries()[0].preview["mime"] == "image/png"
    assert shelf.store.load(manifest.ref).size == (640, 480)
    bars = go.Figure(go.Bar(y=np.arange(3)))
    assert shelf.back(bars) == bars


def test_parts_become_one_frame_or_a_list(shelf):
    def frames():
        yield pd.DataFrame({"a": [1], "b": ["x"]})
        yield pd.DataFrame({"a": [2, 3], "b": ["y", None]})

    manifest = shelf.put(frames())
    summary = manifest.summaries()[0]
    assert (summary.rows, summary.kind, summary.columns[0].maximum) == (3, Kind.TABLE, 3)
    wanted = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
    pd.testing.assert_frame_equal(shelf.store.load(manifest.ref), wanted)
    assert shelf.store.table(manifest.ref).column("a").to_pylist() == [1, 2, 3]
    mixed = shelf.back(iter([pd.DataFrame({"a": [1]}), pd.DataFrame({"z": [1]}), 5]))
    assert [type(part).__name__ for part in mixed] == ["DataFrame", "DataFrame", "int"]
    assert shelf.back(pl.DataFrame({"a": [n]}) for n in range(3)).to_dict(as_series=False) == {"a": [0, 1, 2]}
    assert shelf.back(pa.table({"a": [n]}) for n in range(2)).num_rows == 2
    assert shelf.back(iter([])) == []
    indexed = [pd.DataFrame({"a": [n]}, index=[n * 10]) for n in range(2)]
    pd.testing.assert_frame_equal(shelf.back(iter(indexed)), pd.concat(indexed))


def test_an_array_of_plain_objects_inside_of_a_value_survives(shelf):
    for array in (np.array(["a", None, 1], dtype=object), np.array([[1, "x"]], dtype=object)):
        found = shelf.back({"names": array, "in": [array]})
        for each in (found["names"], found["in"][0]):
            assert each.dtype == object
            assert each.tolist() == array.tolist()
    with pytest.raises(ValueRefusedError):
        shelf.put({"names": np.array([object()], dtype=object)})
