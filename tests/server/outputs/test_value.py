"""What is no table, by MIME type, and as files."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
from collections import defaultdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.data.codecs.page import Page
from penstock.model.errors import SettingInvalidError, ValueRefusedError
from penstock.server.outputs.reader import questions
from penstock.server.outputs.reader.value import TREE
from tests.server.outputs.conftest import Desk


class Stranger:
    """An object that only pickle can store; opening its pickle writes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (open, (self.path, "w"))

    def _repr_html_(self) -> str:
        return "<p>stranger</p>"


def tree(desk: Desk, value: object, **options: object) -> dict:
    return desk.value(value, **options)["mime"][TREE]


def test_small_json_is_a_tree_and_itself(desk: Desk) -> None:
    found = desk.value({"a": [1, "x", None, True], "when": dt.date(2024, 1, 2), 3: (1, 2)})
    entries = dict(map(tuple, found["mime"][TREE]["entries"]))
    assert entries["a"]["items"][1] == {"type": "string", "value": "x", "size": 1}
    assert entries["when"] == {"type": "date", "value": "2024-01-02"}
    assert (entries["3"]["type"], entries["3"]["size"]) == ("tuple", 2)
    assert desk.value({"a": [1]})["mime"]["application/json"] == {"a": [1]}


def test_a_dict_with_defaults_is_an_object(desk: Desk) -> None:
    shown = desk.value(defaultdict(list, {"a": [1]}))["mime"][TREE]
    assert (shown["type"], shown["size"]) == ("object", 1)
    assert [(name, node["type"]) for name, node in shown["entries"]] == [("a", "array")]


def test_deep_and_long_values_come_by_path(desk: Desk) -> None:
    value: list = ["bottom"]
    for _ in range(20):
        value = [value]
    stored = desk.put({"deep": value, "long": list(range(1000))})
    top = tree(desk, stored)
    node = top["entries"][0][1]
    for _ in range(3):
        node = node["items"][0]
    assert (node["size"], node["items"]) == (1, [])
    assert tree(desk, stored, path=(0, *(0,) * 20))["items"][0]["value"] == "bottom"
    assert len(top["entries"][1][1]["items"]) == 100
    later = tree(desk, stored, path=(1,), offset=990)
    assert ([item["value"] for item in later["items"]], later["size"]) == (list(range(990, 1000)), 1000)
    with pytest.raises(SettingInvalidError, match="position 7 does not exist"):
        tree(desk, stored, path=(7,))


def test_large_numbers_and_frames_inside(desk: Desk) -> None:
    found = tree(desk, {"big": 2**70, "nan": float("nan"), "np": np.float32(0.5), "frame": pd.DataFrame({"a": [1]})})
    entries = dict(map(tuple, found["entries"]))
    assert (entries["big"]["value"], entries["nan"]["value"], entries["np"]["value"]) == (str(2**70), "nan", "0.5")
    assert entries["frame"]["type"] == "part"


def test_text_markup_and_bytes(desk: Desk) -> None:
    assert desk.value("hello")["mime"] == {"text/plain": "hello"}
    assert "text/html" in desk.value("<html><script>alert(1)</script></html>")["mime"]
    assert "text/html" not in desk.value("<3 hearts")["mime"]
    long = desk.value("x" * 2_000_000)
    assert (len(long["mime"]["text/plain"]), long["truncated"]) == (1_000_000, True)
    assert desk.value("\udc80")["mime"]["text/plain"] == "\\udc80"
    assert desk.value(b"\x00abc")["mime"]["text/plain"].startswith("00000000  00 61 62 63")


def test_markup_comes_by_itself(desk: Desk) -> None:
    stored = desk.put("<svg xmlns='http://www.w3.org/2000/svg'/>")
    head, content = desk.ask(questions.FrameQuestion(target=desk.target(stored)))
    assert (head["media_type"], content[:4]) == ("image/svg+xml", b"<svg")
    with pytest.raises(ValueRefusedError, match="holds no markup"):
        desk.ask(questions.FrameQuestion(target=desk.target(desk.put("no markup"))))


def test_half_a_character_in_an_array_is_shown_by_its_number(desk: Desk) -> None:
    import numpy as np

    stored = desk.put(np.array(["a\ud800", "b"]))
    assert "'a\\ud800'" in desk.value(stored)["mime"]["text/plain"]
    assert desk.page(stored).table.column(0).to_pylist() == ["a\\ud800", "b"]
    raw = desk.ask(questions.RawQuestion(target=desk.target(stored), json=True))[1]
    assert json.loads(raw) == ["a\\ud800", "b"]


def test_pictures_and_charts(desk: Desk) -> None:
    import matplotlib as mpl
    import plotly.graph_objects as go
    from PIL import Image

    mpl.use("Agg")
    from matplotlib.figure import Figure

    image = Image.new("RGB", (2, 2), "red")
    assert base64.b64decode(desk.value(image)["mime"]["image/png"])[:4] == b"\x89PNG"
    assert "image/png" in desk.value(Image.new("CMYK", (2, 2)))["mime"]
    empty = Image.new("RGB", (0, 3))
    assert desk.value(empty)["mime"] == {"text/plain": "picture 0 x 3 RGB"}
    with pytest.raises(ValueRefusedError, match="the picture has no pixels"):
        desk.ask(questions.RawQuestion(target=desk.target(desk.put(empty))))
    figure = Figure()
    figure.subplots().plot([1, 2])
    assert "image/png" in desk.value(figure)["mime"]
    plotly = desk.value(go.Figure(go.Bar(y=[1, 2])))["mime"]["application/vnd.plotly.v1+json"]
    assert plotly["data"][0]["type"] == "bar"
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "mark": "bar"}
    assert desk.value(spec)["mime"]["application/vnd.vegalite.v5+json"] == spec
    head, content = desk.ask(questions.RawQuestion(target=desk.target(desk.put(image))))
    assert (head["ending"], content[:4]) == ("png", b"\x89PNG")


def test_the_page_of_an_object_that_could_not_be_stored(desk: Desk) -> None:
    stored = desk.put(Page("lab.Circuit", "<b>3 gates</b>", "no exact form for it is known"))
    found = desk.value(stored)
    assert found["mime"]["text/html"] == {"frame": True}
    assert "no block can read it (no exact form" in found["mime"]["text/plain"]
    head, content = desk.ask(questions.FrameQuestion(target=desk.target(stored)))
    assert head["media_type"] == "text/html; charset=utf-8"
    assert content == b"<body><b>3 gates</b>"
    head, content = desk.ask(questions.RawQuestion(target=desk.target(stored)))
    assert (head["ending"], content) == ("html", b"<b>3 gates</b>")
    with pytest.raises(ValueRefusedError, match=r"an object of type lab\.Circuit: only the HTML"):
        desk.store.load(stored.ref)


def test_altair_charts(desk: Desk) -> None:
    alt = pytest.importorskip("altair")
    chart = alt.Chart(pd.DataFrame({"a": [1], "b": [2]})).mark_bar().encode(x="a", y="b")
    stored = desk.put(chart)
    found = desk.value(stored)["mime"]
    assert next(iter(found.values()))["mark"]["type"] == "bar"
    assert desk.store.load(stored.ref).to_dict() == chart.to_dict()


def test_arrays(desk: Desk) -> None:
    found = desk.value(np.arange(6).reshape(2, 3))["mime"]["text/plain"]
    assert found == "array of 2 x 3 int64\n[[0 1 2]\n [3 4 5]]"
    stored = desk.put(np.arange(10.0))
    head, content = desk.ask(questions.RawQuestion(target=desk.target(stored)))
    assert head["ending"] == "npy"
    assert np.load(io.BytesIO(content)).tolist() == list(range(10))


def test_pickles_are_never_opened_here(desk: Desk, tmp_path) -> None:
    stored = desk.put(Stranger(str(tmp_path / "opened")))
    (tmp_path / "opened").unlink(missing_ok=True)
    found = desk.value(stored)
    assert found["mime"]["text/plain"].startswith("Stored with pickle; opened only inside blocks.")
    assert "text/html" in found["mime"]
    assert desk.ask(questions.FrameQuestion(target=desk.target(stored)))[1] == b"<p>stranger</p>"
    for question in (questions.PageQuestion, questions.ProfileQuestion):
        with pytest.raises(ValueRefusedError):
            desk.ask(question(target=desk.target(stored)))
    assert not (tmp_path / "opened").exists()


def test_models_show_themselves_as_they_did_when_stored(desk: Desk) -> None:
    from sklearn.linear_model import LinearRegression

    found = desk.value(LinearRegression())
    assert "LinearRegression" in found["mime"]["text/plain"]
    assert "text/html" in found["mime"]


FRAME = pd.DataFrame(
    {
        "n": [3, 1, 2],
        "t": ['say "hi", you', "line\nbreak", "=cmd|' /C calc'!A0"],
        "d": pd.to_datetime(["2024-01-01 00:00", None, "2024-01-03 12:00"]),
        "x": [0.5, np.nan, 2.5],
        "o": [{"a": 1}, [1, 2], None],
    }
)


def test_csv_is_quoted_so_that_it_reads_back(desk: Desk) -> None:
    content = desk.download(FRAME, "csv").decode()
    rows = list(csv.reader(io.StringIO(content)))
    assert rows[0] == ["n", "t", "d", "x", "o"]
    assert [row[1] for row in rows[1:]] == FRAME["t"].tolist()
    assert rows[2] == ["1", "line\nbreak", "", "", "[1,2]"]
    assert rows[1][2] == "2024-01-01 00:00:00"


def test_files_follow_sorting_filters_and_columns(desk: Desk) -> None:
    stored = desk.put(FRAME)
    table = pq.read_table(
        io.BytesIO(desk.download(stored, "parquet", sort=["n"], filters=[("n", "<", 3)], columns=("d", "n")))
    )
    assert table.column("n").to_pylist() == [1, 2]
    assert table.schema.field("d").type == pa.timestamp("us")
    assert json.loads(desk.download(stored, "json", columns=(0, 3)))[1] == {"n": 1, "x": None}
    assert json.loads(desk.download(stored, "json", filters=[("n", ">", 99)])) == []
    arrow = pa.ipc.open_file(desk.download(stored, "arrow", sort=["n"])).read_all()
    assert arrow.column("n").to_pylist() == [1, 2, 3]


def test_long_files_come_in_pieces_and_are_whole(desk: Desk) -> None:
    rows = 300_000
    stored = desk.put(pd.DataFrame({"n": np.arange(rows), "c": pd.Categorical(np.arange(rows) % 3), "l": "x" * 20}))
    content = desk.download(stored, "csv")
    assert content.count(b"\n") == rows + 1
    assert content.rstrip().splitlines()[-1].startswith(b"299999,2")
    assert pq.read_table(io.BytesIO(desk.download(stored, "parquet"))).num_rows == rows


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "arrow"])
def test_every_kind_of_column_goes_into_every_file(desk: Desk, kind: str) -> None:
    frame = pd.DataFrame(
        {
            "p": pd.period_range("2024-01", periods=2, freq="M"),
            "i": pd.arrays.IntervalArray.from_breaks([0, 1, 2]),
            "c": [1j, 2j],
            "l": [[1], [2]],
            "b": [b"a", b"b"],
            "z": pd.date_range("2024-01-01", periods=2, tz="Europe/Berlin"),
            "td": pd.to_timedelta([1, 2], unit="s"),
        },
        index=pd.Index(["r1", "r2"], name="key"),
    )
    assert len(desk.download(frame, kind)) > 50


def test_what_cannot_be_a_file_says_so(desk: Desk) -> None:
    with pytest.raises(SettingInvalidError, match="unknown format 'xls'"):
        desk.download(FRAME, "xls")
    with pytest.raises(ValueRefusedError, match="it has no columns"):
        desk.download(pd.DataFrame(index=[1, 2])[[]].reset_index(drop=True), "csv")
    with pytest.raises(ValueRefusedError, match="as a table"):
        desk.download({"a": 1}, "csv")
    with pytest.raises(ValueRefusedError, match="as it is: it is table"):
        desk.ask(questions.RawQuestion(target=desk.target(desk.put(FRAME))))


def places(desk: Desk, value: object, text: str) -> dict:
    question = questions.FindQuestion(target=desk.target(desk.put(value)), text=text)
    return json.loads(desk.ask(question)[1])


def test_a_text_is_found_anywhere_in_a_tree(desk: Desk) -> None:
    value = {"users": [{"id": at, "note": "Needle" if at == 4321 else "hay"} for at in range(5000)], "needles": 1}
    found = places(desk, value, "needle")
    assert [(hit["path"], hit["name"], hit["text"]) for hit in found["hits"]] == [
        ([0, 4321, 1], "$.users[4321].note", "Needle"),
        ([1], "$.needles", "1"),
    ]
    assert not found["more"]
    assert len(places(desk, value, "hay")["hits"]) == 200
    assert places(desk, value, "hay")["more"]
    assert places(desk, value, "  ")["hits"] == []


def test_long_texts_and_deep_trees_are_searched_too(desk: Desk) -> None:
    deep: object = "x" * 5000 + " bottom " + "y" * 5000
    for _ in range(40):
        deep = [deep]
    (hit,) = places(desk, {"deep": deep}, "BOTTOM")["hits"]
    assert len(hit["path"]) == 41
    assert "bottom" in hit["text"]
    assert len(hit["text"]) < 200
    assert places(desk, np.arange(3), "1") == {"hits": [], "more": False}
