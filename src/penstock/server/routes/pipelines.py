"""Pipelines: the list, one in full, and what changes them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from tempfile import SpooledTemporaryFile

from penstock.model.errors import FileInvalidError
from penstock.observe.archive import RunArchive, RunHead
from penstock.server.permissions import Permission
from penstock.server.projects.archive import MOST_BYTES, pack
from penstock.server.projects.index import IndexEntry, PipelineIndex
from penstock.server.projects.pipeline_text import save_yaml, show_yaml
from penstock.server.routes.files import spooled
from penstock.server.routing import Call, Reply, Routes
from penstock.server.schema.blocks import ContentSave
from penstock.server.schema.pipelines import (
    ExportQuery,
    ImportQuery,
    NewFolder,
    NewName,
    NewPipeline,
    PipelineChanges,
    PipelineDeletion,
    PipelineDetail,
    PipelineList,
    PipelineSummary,
    RunMark,
    Undo,
    Undone,
    YamlFile,
)

routes = Routes("pipelines")
RUNS_SHOWN = 30
HISTORY_SECONDS = 0.5


@routes.get("/api/pipelines", Permission.VIEW)
async def list_pipelines(call: Call) -> PipelineList:
    """All pipelines of the project, with their last runs."""
    running = Counter(run.pipeline for run in call.studio.runs.running())
    return await asyncio.to_thread(_list, call.studio.workspace.index, call.studio.runs.archive, running)


@routes.get("/api/pipelines/{pipeline}", Permission.VIEW)
def show_pipeline(call: Call) -> PipelineDetail:
    """A pipeline with its blocks, their texts and what is odd about them."""
    return call.studio.workspace.detail(call.path["pipeline"])


@routes.post("/api/pipelines", Permission.EDIT, body=NewPipeline, status=201)
def create_pipeline(call: Call) -> PipelineDetail:
    """Make a pipeline: empty, a copy, or from a template."""
    uuid, notes = call.studio.workspace.pipelines.create(call.body)
    return call.studio.workspace.detail(uuid, tuple(notes))


@routes.patch("/api/pipelines/{pipeline}", Permission.EDIT, body=PipelineChanges)
def change_pipeline(call: Call) -> PipelineDetail:
    """Change what is given of a pipeline; comments and unknown keys of its file stay."""
    call.studio.workspace.pipelines.change(call.path["pipeline"], call.body)
    return call.studio.workspace.detail(call.path["pipeline"])


@routes.post("/api/pipelines/{pipeline}/rename", Permission.EDIT, body=NewName)
def rename_pipeline(call: Call) -> PipelineDetail:
    """Give it another name and folder; stored outputs and logs follow."""
    uuid, notes = call.studio.workspace.pipelines.rename(call.path["pipeline"], call.body.name)
    return call.studio.workspace.detail(uuid, tuple(notes))


@routes.post("/api/pipelines/{pipeline}/move", Permission.EDIT, body=NewFolder)
def move_pipeline(call: Call) -> PipelineDetail:
    """Put it into another folder below `pipelines/`."""
    uuid, notes = call.studio.workspace.pipelines.move(call.path["pipeline"], call.body.folder)
    return call.studio.workspace.detail(uuid, tuple(notes))


@routes.delete("/api/pipelines/{pipeline}", Permission.EDIT, query=PipelineDeletion)
def delete_pipeline(call: Call) -> Undo:
    """Move it to the trash, for a day."""
    gone = call.studio.workspace.pipelines.delete(call.path["pipeline"], delete_files=call.query.delete_files)
    return Undo(gone.token, gone.paths)


@routes.post("/api/undo/{token}", Permission.EDIT)
def undo(call: Call) -> Undone:
    """Bring back what a deletion took."""
    pipeline, paths = call.studio.workspace.deleting.undo(call.path["token"])
    return Undone(call.studio.workspace.detail(pipeline) if pipeline else None, paths)


@routes.get("/api/pipelines/{pipeline}/yaml", Permission.VIEW)
def read_yaml(call: Call) -> YamlFile:
    """The pipeline's file as text, also when it cannot be read as a pipeline."""
    return show_yaml(call.studio.workspace.parts, call.path["pipeline"])


@routes.put("/api/pipelines/{pipeline}/yaml", Permission.EDIT, body=ContentSave)
def write_yaml(call: Call) -> YamlFile:
    """Save the pipeline's file as text; a text that is no YAML is refused, unless the file is none already."""
    save_yaml(call.studio.workspace.parts, call.path["pipeline"], call.body.content, call.body.revision)
    return show_yaml(call.studio.workspace.parts, call.path["pipeline"])


@routes.get("/api/pipelines/{pipeline}/export", Permission.VIEW, query=ExportQuery)
def export_pipeline(call: Call) -> Reply:
    """The pipeline with the files of its blocks, as a zip."""
    uuid, project, resolver = call.path["pipeline"], call.studio.project(), call.studio.workspace.resolver
    return Reply(
        stream=spooled(lambda target: pack(resolver, project, uuid, target, keep_folders=call.query.keep_folders)),
        media_type="application/zip",
        filename=f"{uuid.rpartition('/')[2]}.zip",
    )


@routes.post("/api/pipelines/import", Permission.EDIT, query=ImportQuery, raw=True, limit=MOST_BYTES, status=201)
async def import_pipeline(call: Call) -> PipelineDetail:
    """Make a pipeline from a zip: that of an export, or the folder of one."""
    with SpooledTemporaryFile(max_size=1 << 20) as file:
        size = 0
        async for chunk in call.request.stream():
            size += len(chunk)
            if size > MOST_BYTES:
                raise FileInvalidError(
                    f"importing a pipeline: the archive is larger than {MOST_BYTES >> 20} MB",
                    hint="Import less at once.",
                )
            file.write(chunk)
        file.seek(0)
        workspace = call.studio.workspace
        uuid, notes = await asyncio.to_thread(workspace.importing.unpack, file, call.query.name)
        return await asyncio.to_thread(workspace.detail, uuid, tuple(notes))


def _list(index: PipelineIndex, archive: RunArchive, running: Mapping[str, int]) -> PipelineList:
    until = time.monotonic() + HISTORY_SECONDS
    listed: list[PipelineSummary] = []
    for entry in index.entries().values():
        # Records that nobody has read yet take time; those that are too late come with the next listing.
        heads = archive.recent(entry.uuid, RUNS_SHOWN) if time.monotonic() < until else []
        listed.append(_summary(entry, [_mark(head) for head in heads], running.get(entry.uuid, 0)))
    return PipelineList(listed)


def _mark(head: RunHead) -> RunMark:
    return RunMark(head.run, head.state, head.started, None if head.ended is None else head.ended - head.started)


def _summary(entry: IndexEntry, runs: list[RunMark], running: int) -> PipelineSummary:
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
        runs=runs,
        running=running,
    )
