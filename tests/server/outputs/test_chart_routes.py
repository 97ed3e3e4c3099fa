"""Charts of a pipeline: kept as its widgets, drawn by code in a worker."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import yaml

from tests.server.serving import Server, make_project, serving

FRAME = """
import pandas as pd

@data_loader
def load(**kwargs):
    return pd.DataFrame({"n": [1, 2, 3, 4], "g": ["a", "b", "a", None], "at": pd.date_range("2024-01-30", periods=4)})
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = make_project(tmp_path_factory.mktemp("charts") / "project", blocks=[("load", "data_loader", [], FRAME)])
    with serving(root) as running:
        running.run()
        yield running


def add(server: Server, content: str = "", **configuration: object) -> str:
    body = {"block": "load", "configuration": configuration, "content": content}
    return server.post("/pipelines/flights/charts", body, status=201)["chart"]


def drawn(server: Server, content: str, **configuration: object) -> dict:
    return server.post(f"/pipelines/flights/charts/{add(server, content, **configuration)}/run", status=200)


def test_charts_are_kept_in_the_pipelines_file(server: Server) -> None:
    made = server.post(
        "/pipelines/flights/charts",
        {"block": "load", "configuration": {"chart_type": "bar chart", "group_by": ["g"], "x_team_colour": "red"}},
        status=201,
    )
    detail = {chart["uuid"]: chart for chart in made["pipeline"]["charts"]}[made["chart"]]
    assert detail["upstream"] == ["load"]
    file = yaml.safe_load((server.root / "pipelines/flights/metadata.yaml").read_text())
    entry = next(widget for widget in file["widgets"] if widget["uuid"] == made["chart"])
    assert (entry["type"], entry["configuration"]["x_team_colour"]) == ("chart", "red")
    assert made["chart"] in file["blocks"][0]["downstream_blocks"]
    assert (server.root / "charts" / f"{made['chart']}.py").read_text() == ""

    path = f"/pipelines/flights/charts/{made['chart']}"
    changed = server.client.patch(
        path, json={"configuration": {"chart_type": "pie chart", "x": "g"}, "name": "Shares of g"}
    ).json()
    assert changed["chart"] == "shares_of_g"
    detail = {chart["uuid"]: chart for chart in changed["pipeline"]["charts"]}["shares_of_g"]
    assert detail["configuration"]["chart_type"] == "pie chart"
    gone = server.client.delete("/pipelines/flights/charts/shares_of_g").json()
    assert "shares_of_g" not in {chart["uuid"] for chart in gone["pipeline"]["charts"]}
    assert gone["undo"]


@pytest.mark.parametrize("block", ["nowhere", "nowhere" * 500, "é" * 500])
def test_a_chart_of_no_block_is_refused(server: Server, block: str) -> None:
    reply = server.client.post(
        "/pipelines/flights/charts", json={"block": block, "configuration": {"chart_type": "table"}}
    )
    assert (reply.status_code, block[:7] in reply.json()["error"]["message"]) == (422, True)


def test_variables_of_the_code_are_drawn(server: Server) -> None:
    bars = drawn(server, "x = df_1['g'].fillna('none').unique()\ny = [1, 2, 3]\n", chart_type="bar chart", x="x", y="y")
    assert bars["points"]["rows"] == [["a", 1], ["b", 2], ["none", 3]]
    histogram = drawn(server, "col = 'n'\nx = df_1[col]", chart_type="histogram", buckets=2, x="x")
    assert histogram["points"]["rows"] == [[1.0, 2.5, 2], [2.5, 4.0, 2]]
    pie = drawn(server, "x = df_1['g']", chart_type="pie chart", x="x")
    assert pie["points"]["rows"] == [["a", 2], ["b", 1], [None, 1]]
    series = drawn(
        server,
        "x = load['at']\ny = load['n']",
        chart_type="time series line chart",
        time_interval="month",
        x="x",
        y="y",
    )
    assert series["points"]["rows"] == [["2024-01-01 00:00:00", 3.0], ["2024-02-01 00:00:00", 7.0]]
    code = "columns = list(df_1.columns)\nstats = ['nulls', 'rows']\nrows = [[int(df_1[c].isna().sum()) for c in columns], [len(df_1)] * 3]\n"
    table = drawn(server, code, chart_type="table", x="columns", y="rows", index="stats")
    assert table["points"]["rows"] == [["nulls", 0, 1, 0], ["rows", 4, 4, 4]]
    assert [column["role"] for column in table["points"]["columns"]] == ["index", "x", "x", "x"]


def test_decorated_functions_are_drawn(server: Server) -> None:
    code = """
@data_source
def some(df, **kwargs):
    return df[df['n'] > 1]

@configuration
def settings():
    return {'chart_type': 'line chart'}

@xy
def axes(df):
    return df['n'], df['n'] * 10
"""
    points = drawn(server, code, chart_type="custom")["points"]
    assert (points["chart_type"], points["rows"]) == ("line chart", [[2, 20], [3, 30], [4, 40]])
    both = "@x\ndef across(df):\n    return df['n']\n\n@y\ndef up(df):\n    return [df['n'], df['n'] + 1]\n"
    points = drawn(server, both, chart_type="bar chart", legend_labels=["one", "two"])["points"]
    assert (points["series"], points["rows"][0]) == (["one", "two"], [1, 1, 2])


def test_rendered_pictures_and_pages(server: Server) -> None:
    picture = base64.b64encode(b"\x89PNG...").decode()
    found = drawn(
        server, f"@render(render_type='jpeg')\ndef draw(df, **kwargs):\n    return '{picture}'\n", chart_type="custom"
    )
    assert found["mime"] == {"image/jpeg": picture}
    figure = "from matplotlib.figure import Figure\n\n@render\ndef draw(df):\n    figure = Figure()\n    figure.subplots().plot(df['n'])\n    return figure\n"
    assert base64.b64decode(drawn(server, figure, chart_type="custom")["mime"]["image/png"])[:4] == b"\x89PNG"
    page = drawn(
        server,
        "@render(render_type='html')\ndef draw(df):\n    return '<p>' + str(len(df)) + '</p>'\n",
        chart_type="custom",
    )
    reply = server.client.get(page["mime"]["text/html"]["url"].removeprefix("/api"))
    assert (reply.text, reply.headers["content-security-policy"][:7]) == ("<p>4</p>", "sandbox")


def test_charts_are_no_products_and_no_runs(server: Server) -> None:
    drawn(server, "x = df_1['n']", chart_type="histogram", x="x")
    assert [one["block"] for one in server.get("/products")["products"]] == ["load"]
    assert len(server.get("/runs")["runs"]) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = df_1['nope']", "nope"),
        ("x = ", "invalid syntax"),
        ("pass", "needs values for x"),
        ("x = [1, 2]\ny = [1]", "x has 2 values and y 1"),
        ("raise SystemExit(3)", "3"),
    ],
)
def test_code_that_fails_says_where(server: Server, code: str, words: str) -> None:
    chart = add(server, code, chart_type="bar chart", x="x", y="y")
    reply = server.client.post(f"/pipelines/flights/charts/{chart}/run")
    assert reply.status_code == 422, reply.text
    error = reply.json()["error"]
    assert words in error["message"]
    assert error["details"]["failure"]["kind"]


def test_a_chart_that_is_not_there(server: Server) -> None:
    assert server.client.post("/pipelines/flights/charts/load/run").status_code == 404
