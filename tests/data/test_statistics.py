from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from penstock.data.statistics import column_statistics, json_safe


def of(values: pa.Array | list[object]) -> object:
    data = values if isinstance(values, pa.Array) else pa.array(values)
    return column_statistics("c", str(data.type), pa.chunked_array([data]))


def test_exact_in_small_columns():
    found = of([3, None, 1, 3])
    assert (found.nulls, found.minimum, found.maximum, found.distinct, found.exact) == (1, 1, 3, 2, True)
    assert of(pa.array([], pa.int8())).minimum is None
    assert of(pa.nulls(3)).nulls == 3
    assert (of([2.5, float("nan"), -1.0]).minimum, of([2.5, float("nan"), -1.0]).maximum) == (-1.0, 2.5)
    assert of([float("inf"), 0.0]).maximum == "inf"
    assert of([True, False]).minimum is False
    assert of(["b", "a"]).minimum == "a"
    times = of(pa.array([0, 86_400_000_000_001], pa.timestamp("ns")))
    assert times.minimum == "1970-01-01T00:00:00"
    assert times.maximum.startswith("1970-01-02T00:00:00.000000001")
    assert of([[1], [2]]).minimum is None
    assert of([2**62, 1]).maximum == str(2**62)


@pytest.mark.parametrize("kinds", [5, 1000, 60_000, 2_000_000])
def test_distinct_values_are_estimated_in_large_columns(kinds):
    values = np.random.default_rng(1).permutation(np.arange(2_000_000) % kinds)
    found = of(pa.array(values))
    assert (found.minimum, found.maximum, found.exact) == (0, kinds - 1, True)
    assert kinds / 4 <= found.distinct <= kinds * 4


def test_text_above_a_million_rows_is_sampled():
    values = pd.Series(np.arange(1_100_000) % 7).astype(str)
    found = of(pa.array(values, type=pa.large_string()))
    assert (found.exact, found.minimum, found.maximum, found.distinct) == (False, "0", "6", 7)


def test_everything_can_be_shown():
    odd = [
        1,
        2**80,
        float("nan"),
        "x" * 9999,
        "\ud800",
        b"\xff" * 999,
        {1: {2: [3] * 999}},
        object(),
        np.float64(1.5),
        np.datetime64("2020"),
        pd.NaT,
        np.longdouble(1),
    ]
    text = json.dumps([json_safe(value) for value in odd])
    assert len(text) < 5000
    assert "NaN" not in text


def test_the_extremes_of_columns_in_pieces():
    def told(pieces, kind):
        column = column_statistics("x", "", pa.chunked_array(pieces, type=kind))
        return column.minimum, column.maximum

    assert told([[3, 4], [], [-7], [9, 1]], pa.int8()) == (-7, 9)
    assert told([[2**63], [2**64 - 1, 5]], pa.uint64()) == (5, str(2**64 - 1))
    assert told([[1.5], [float("nan")], [-2.5, 0.0]], pa.float64()) == (-2.5, 1.5)
    assert told([[], []], pa.float64()) == (None, None)
    day = pa.array(np.array(["2024-01-03", "2024-01-01", "2024-01-02"], "M8[us]"))
    # a slice begins in the middle of its memory
    assert told([day[1:], day[:1]], day.type) == ("2024-01-01T00:00:00", "2024-01-03T00:00:00")


def test_previews_are_bounded(shelf):
    wide = pd.DataFrame({f"column {at}": ["x" * 1000] * 20 for at in range(1500)})
    deep = {"a": ["y" * 100_000] * 1000}
    for value in (wide, deep, "z" * 10**6, np.zeros((100, 100)), [wide] * 2):
        for summary in shelf.put(value).summaries():
            assert len(json.dumps(summary.preview, separators=(",", ":"))) <= 64_000


def test_moments_that_python_has_no_value_for_are_stored_and_shown(shelf):
    far = pa.array([2**31 - 1, 0, None], pa.int32()).cast(pa.date32())
    moment = pa.array([2**63 - 1, 0, None], pa.int64()).cast(pa.timestamp("us"))
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 3], pa.int32()), far)
    for column in (far, moment, moment.cast(pa.timestamp("us", "UTC")), lists):
        table = pa.table({"t": column})
        (summary,) = shelf.put(table).summaries()
        assert len(summary.preview["rows"]) == len(column)
        assert shelf.back(table).equals(table)


def test_storing_tables_of_arrow_and_polars_imports_no_pandas(tmp_path):
    code = (
        "import sys, datetime, pyarrow as pa, polars as pl, duckdb\n"
        "from penstock.data import ProductStore\n"
        "from penstock.model.product import Address, Lineage\n"
        "now = \"select range a, 'x' s, now() t, now()::timestamp u, 1.5::decimal(9,2) m from range(100)\"\n"
        "many = 'select range % 9000 n, range::double f, (range % 9000)::varchar s from range(30000)'\n"
        "frames = [duckdb.sql(now).to_arrow_table(), pl.DataFrame({'a': [1, 2], 's': ['x', None], 'f': [1.5, None]})]\n"
        "frames += [duckdb.sql(many).to_arrow_table(), pl.from_arrow(duckdb.sql(many).to_arrow_table())]\n"
        "store = ProductStore(sys.argv[1])\n"
        "for number, frame in enumerate(frames):\n"
        "    draft = store.draft(Address('p', f'b{number}'), store.issue_fence('r', f'b{number}'))\n"
        "    draft.add(frame)\n"
        "    manifest = draft.publish(Lineage(), fingerprint='f')\n"
        "    assert len(store.load(manifest.ref)) == len(frame)\n"
        "assert 'pandas' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
