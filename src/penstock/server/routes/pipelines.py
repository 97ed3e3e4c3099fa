"""Pipelines: the list, one in full, and what changes them."""

from __future__ import annotations

from penstock.server.permissions import Permission
from penstock.server.projects.index import IndexEntry
from penstock.server.routing import Call, Routes
from penstock.server.schema.pipelines import PipelineDetail, PipelineList, PipelineSummary

routes = Routes("pipelines")


@routes.get("/api/pipelines", Permission.VIEW)
def list_pipelines(call: Call) -> PipelineList:
    """All pipelines of the project, with their last runs."""
    return PipelineList([_summary(entry) for entry in call.studio.workspace.index.entries().values()])


@routes.get("/api/pipelines/{pipeline}", Permission.VIEW)
def show_pipeline(call: Call) -> PipelineDetail:
    """A pipeline with its blocks, their texts and what is odd about them."""
    return call.studio.workspace.detail(call.path["pipeline"])


def _summary(entry: IndexEntry) -> PipelineSummary:
    return PipelineSummary(
        uuid=entry.uuid,
        name=entry.name,
        type=entry.type,
        description=entry.description,
        tags=entry.tags,
        blocks=len(entry.blocks),
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        error=entry.error,
    )
