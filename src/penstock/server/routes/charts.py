"""Charts of a pipeline: add, change, delete, draw by code. They are stored as the pipeline's widgets."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from msgspec import UNSET

from penstock.model.block import BlockType, Language
from penstock.server.permissions import Permission
from penstock.server.projects.block_names import free_name
from penstock.server.routing import Call, Routes
from penstock.server.schema.blocks import BlockChanges, NewBlock
from penstock.server.schema.charts import ChartChanged, ChartChanges, ChartDeleted, DrawnChart, NewChart
from penstock.server.waiting import unless_gone

routes = Routes("charts")


@routes.post("/api/pipelines/{pipeline}/charts", Permission.EDIT, body=NewChart, status=201)
def add_chart(call: Call) -> ChartChanged:
    """Add a chart of a block's output."""
    pipeline = call.path["pipeline"]
    new: NewChart = call.body
    workspace = call.studio.workspace
    name = new.name.strip()
    if not name:
        reading = workspace.project().read(pipeline)
        base = f"{new.block}_{new.configuration.get('chart_type') or 'chart'}"
        name = free_name(workspace.parts, reading, BlockType.CHART, Language.PYTHON, base)
    block = NewBlock(
        type=BlockType.CHART.value,
        name=name,
        content=new.content,
        configuration=new.configuration,
        upstream=[new.block],
    )
    chart = workspace.adding.add(pipeline, block)
    return ChartChanged(chart, workspace.detail(pipeline))


@routes.patch("/api/pipelines/{pipeline}/charts/{chart}", Permission.EDIT, body=ChartChanges)
def change_chart(call: Call) -> ChartChanged:
    """Change what is given of a chart; its uuid may be another one then."""
    pipeline = call.path["pipeline"]
    changes: ChartChanges = call.body
    outcome = call.studio.workspace.changing.change(
        pipeline,
        call.path["chart"],
        BlockChanges(
            revision=changes.revision,
            name=changes.name,
            upstream=UNSET if changes.block is UNSET else [changes.block],
            configuration=changes.configuration,
            content=changes.content,
            content_revision=changes.content_revision,
        ),
    )
    return ChartChanged(outcome.block, call.studio.workspace.detail(pipeline, outcome.notes))


@routes.delete("/api/pipelines/{pipeline}/charts/{chart}", Permission.EDIT)
def delete_chart(call: Call) -> ChartDeleted:
    """Take the chart out of the pipeline, with its file."""
    pipeline = call.path["pipeline"]
    gone = call.studio.workspace.deleting.block(pipeline, call.path["chart"], keep_file=False)
    return ChartDeleted(gone.token, gone.paths, call.studio.workspace.detail(pipeline))


@routes.post("/api/pipelines/{pipeline}/charts/{chart}/run", Permission.RUN)
async def run_chart(call: Call) -> DrawnChart:
    """Draw a chart by its code, in a worker, over the newest outputs of its upstreams."""
    pipeline, chart = call.path["pipeline"], call.path["chart"]
    drawn = await unless_gone(call.request, call.studio.charts.draw(pipeline, chart))
    if drawn.mime and "text/html" in drawn.mime:
        where = f"{quote(pipeline, safe='')}/{quote(chart, safe='')}"
        drawn.mime["text/html"] = {"url": f"/api/products/{where}/frame?{urlencode({'version': drawn.version})}"}
    return drawn
