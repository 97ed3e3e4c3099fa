"""Values as JSON for other programs: answers to calls, and downloads."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.data import fingerprint
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Address, Lineage
from penstock.server.outputs.reader import document, questions
from tests.server.outputs.conftest import Desk


def answer(desk: Desk, value: object) -> Any:
    return json.loads(desk.ask(questions.RawQuestion(target=desk.target(desk.put(value)), json=True))[1])


def downloaded(desk: Desk, value: object) -> Any:
    return json.loads(desk.ask(questions.RawQuestion(target=desk.target(desk.put(value))))[1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([0.1, 0.9]), [0.1, 0.9]),
        (np.array([[1.0, np.nan], [np.inf, 2.0]]), [[1.0, None], [None, 2.0]]),
        (np.zeros((2, 0)), [[], []]),
        (np.zeros((0, 0)), []),
        (np.array(5), 5),
        (defaultdict(list, {"a": [1, dt.date(2024, 1, 2)]}), {"a": [1, "2024-01-02"]}),
        (pd.DataFrame({"d": [defaultdict(int, {"a": (1,)})]}), [{"d": {"a": [1]}}]),
        (np.array(["2024-01-01", "NaT"], dtype="M8[D]"), ["2024-01-01", None]),
        (np.array([(1, [2.0, 3.0])], dtype=[("a", "i4"), ("b", "f8", (2,))]), [{"a": 1, "b": [2.0, 3.0]}]),
        (pd.Series([1, 2], index=["x", "y"]), [1, 2]),
        (pd.Series(pd.Categorical(["a", None])), ["a", None]),
        (pd.Index([3, 4]), [3, 4]),
        (pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]), [[1, "a"], [2, "b"]]),
        (pl.Series("p", [1, None]), [1, None]),
        (pa.array([[1.5], None, []]), [[1.5], None, []]),
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        (pl.DataFrame({"l": [[1, 2], []]}), [{"l": [1, 2]}, {"l": []}]),
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (float("nan"), None),
        (float("-inf"), None),
        (10**30, 10**30),
        (Decimal("1.25"), 1.25),
        (Decimal("NaN"), None),
        (pd.NaT, None),
        ((1, {2}, [3]), [1, [2], [3]]),
        ({3: "k"}, {"3": "k"}),
        (dt.date(2024, 1, 2), "2024-01-02"),
        ("\udc80", "\\udc80"),
    ],
)
def test_a_value_inside_of_another_one_is_json(desk: Desk, value: object, expected: Any) -> None:
    assert answer(desk, {"here": value, "list": [value]}) == {"here": expected, "list": [expected]}
    assert downloaded(desk, {"here": value}) == {"here": expected}


def test_arrays_and_series_by_themselves_are_lists_when_json_is_asked_for(desk: Desk) -> None:
    assert answer(desk, np.arange(4.0).reshape(2, 2)) == [[0.0, 1.0], [2.0, 3.0]]
    assert answer(desk, pd.Series([1, 2])) == [1, 2]


def test_what_a_generator_has_yielded_is_a_list(desk: Desk) -> None:
    with desk.store.draft(Address("p", "parts"), desk.store.issue_fence("r", "parts")) as draft:
        draft.add_parts(iter([{"a": 1}, np.array([2])]))
        manifest = draft.publish(Lineage(), fingerprint=fingerprint(Lineage()))
    for as_json in (True, False):
        question = questions.RawQuestion(target=desk.target(manifest), json=as_json)
        assert json.loads(desk.ask(question)[1]) == [{"a": 1}, [2]]


def test_tables_as_json_keep_numbers_and_lists(desk: Desk) -> None:
    frame = pd.DataFrame(
        {
            "list": [[1, 2], []],
            "mixed": [{"x": np.float32(2), "y": float("nan")}, (1, None)],
            "exact": [Decimal("1.10"), None],
            "cells": [np.array([0.5, np.nan]), np.array([])],
            "when": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        }
    )
    content = desk.download(frame, "json")
    assert json.loads(content) == [
        {
            "list": [1, 2],
            "mixed": {"x": 2.0, "y": None},
            "exact": 1.1,
            "cells": [0.5, None],
            "when": "2024-01-01 00:00:00",
        },
        {"list": [], "mixed": [1, None], "exact": None, "cells": [], "when": "2024-01-02 00:00:00"},
    ]
    assert b'"exact":1.10' in content, "as precise as it is"


def test_lists_and_dicts_that_are_alike_have_a_nested_type_in_files_with_types(desk: Desk) -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "alike": [{"x": (1, 2.5), "y": None}, {"y": "é", "x": []}, None],
            "unlike": [{"x": 1}, {"y": 1}, {"x": 1}],
        }
    )
    for kind in ("parquet", "arrow"):
        content = pa.BufferReader(desk.download(frame, kind))
        table = pq.read_table(content) if kind == "parquet" else pa.ipc.open_file(content).read_all()
        assert pa.types.is_struct(table.schema.field("alike").type)
        assert table.column("alike").to_pylist() == [{"x": [1.0, 2.5], "y": None}, {"x": [], "y": "é"}, None]
        assert table.column("unlike").to_pylist() == ['{"x":1}', '{"y":1}', '{"x":1}']
    chosen = pq.read_table(pa.BufferReader(desk.download(frame, "parquet", sort=["n"], filters=[("n", "!=", "2")])))
    assert chosen.column("unlike").to_pylist() == [{"x": 1}, {"x": 1}]
    assert chosen.column("alike").to_pylist() == [{"x": [1.0, 2.5], "y": None}, None]


def test_what_has_no_json_is_refused_where_json_is_asked_for(desk: Desk) -> None:
    from PIL import Image

    value = {"picture": Image.new("RGB", (2, 2)), "score": 1}
    with pytest.raises(ValueRefusedError, match=r"it holds a value that has no JSON \(image\)"):
        answer(desk, value)
    assert downloaded(desk, value) == {"picture": "image", "score": 1}


def test_tables_inside_are_limited(desk: Desk) -> None:
    with pytest.raises(ValueRefusedError, match="more than 4,000,000 cells"):
        answer(desk, {"a": np.zeros(document.MOST_CELLS), "b": np.zeros(1)})
