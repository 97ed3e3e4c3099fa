"""Charts from templates are drawn, by a real worker, over a real output."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from penstock.model.block import BlockType
from penstock.project.templates.catalogue import list_templates, render_template
from penstock.project.templates.template import Template
from tests.server.serving import Server, make_project, serving

CHARTS = [template for template in list_templates() if template.block_type is BlockType.CHART]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    orders = render_template("data_loader.sample_orders", name="orders")
    root = make_project(tmp_path_factory.mktemp("charts") / "shop", blocks=[("orders", "data_loader", [], orders)])
    with serving(root) as running:
        running.run()
        yield running


@pytest.mark.parametrize("template", CHARTS, ids=lambda template: template.id)
def test_it_is_drawn(server: Server, template: Template) -> None:
    detail = server.get(f"/templates/{template.id}")
    body = {"block": "orders", "configuration": detail["configuration"], "content": detail["content"]}
    made = server.post("/pipelines/flights/charts", {**body, "name": template.name}, status=201)
    drawn = server.post(f"/pipelines/flights/charts/{made['chart']}/run", status=200)
    if detail["configuration"]["chart_type"] == "custom":
        ((kind, text),) = drawn["mime"].items()
        assert kind == "text/html" or base64.b64decode(text)[:4] == b"\x89PNG"
        return
    points = drawn["points"]
    rows = {str(row[0]): row[1:] for row in points["rows"]}
    if template.id == "chart.missing_values":
        assert rows["order_id"] == [0]
        assert rows["price"][0] > 0
    elif template.id == "chart.distinct_values":
        assert rows["order_id"] == [200]
    elif template.id == "chart.column_types":
        assert sum(row[0] for row in rows.values()) == 8
    elif template.id == "chart.most_frequent":
        assert [column["name"] for column in points["columns"]] == ["column", "value", "rows"]
    else:
        assert len(rows) > 50
