"""Blocks of a pipeline: add, change, copy, delete; their texts; the library of all block files."""

from __future__ import annotations

from penstock.server.permissions import Permission
from penstock.server.projects.library import library
from penstock.server.routing import Call, Routes
from penstock.server.schema.blocks import (
    BlockChanged,
    BlockChanges,
    BlockDeleted,
    BlockDeletion,
    BlockName,
    ContentSave,
    ContentSaved,
    Library,
    NewBlock,
)

routes = Routes("blocks")


@routes.get("/api/blocks", Permission.VIEW)
def show_library(call: Call) -> Library:
    """All block files of the project, and which pipelines use them."""
    return library(call.studio.workspace.parts)


@routes.post("/api/pipelines/{pipeline}/blocks", Permission.EDIT, body=NewBlock, status=201)
def add_block(call: Call) -> BlockChanged:
    """Add a block: new, from a template, from a file, or as a replica."""
    pipeline = call.path["pipeline"]
    block = call.studio.workspace.adding.add(pipeline, call.body)
    return BlockChanged(block, call.studio.workspace.detail(pipeline))


@routes.patch("/api/pipelines/{pipeline}/blocks/{block}", Permission.EDIT, body=BlockChanges)
def change_block(call: Call) -> BlockChanged:
    """Change what is given of a block; its uuid may be another one then."""
    pipeline = call.path["pipeline"]
    outcome = call.studio.workspace.changing.change(pipeline, call.path["block"], call.body)
    return BlockChanged(outcome.block, call.studio.workspace.detail(pipeline, outcome.notes))


@routes.put("/api/pipelines/{pipeline}/blocks/{block}/content", Permission.EDIT, body=ContentSave)
def save_content(call: Call) -> ContentSaved:
    """Save the text of a block, unless it has changed since it was read."""
    pipeline, block = call.path["pipeline"], call.path["block"]
    workspace = call.studio.workspace
    outcome = workspace.changing.save(pipeline, block, call.body.content, call.body.revision)
    detail = workspace.detail(pipeline, outcome.notes) if outcome.edges else None
    return ContentSaved(outcome.revision, workspace.block(pipeline, block), detail, list(outcome.notes))


@routes.post("/api/pipelines/{pipeline}/blocks/{block}/duplicate", Permission.EDIT, body=BlockName, status=201)
def duplicate_block(call: Call) -> BlockChanged:
    """A copy with a file of its own, behind the block."""
    pipeline = call.path["pipeline"]
    block = call.studio.workspace.adding.duplicate(pipeline, call.path["block"], call.body.name)
    return BlockChanged(block, call.studio.workspace.detail(pipeline))


@routes.post("/api/pipelines/{pipeline}/blocks/{block}/detach", Permission.EDIT)
def detach_block(call: Call) -> BlockChanged:
    """Give the block a file of its own."""
    pipeline = call.path["pipeline"]
    path = call.studio.workspace.adding.detach(pipeline, call.path["block"])
    return BlockChanged(call.path["block"], call.studio.workspace.detail(pipeline, (f"Its file is {path} now.",)))


@routes.delete("/api/pipelines/{pipeline}/blocks/{block}", Permission.EDIT, query=BlockDeletion)
def delete_block(call: Call) -> BlockDeleted:
    """Take the block out; its file goes with it unless others use it."""
    pipeline = call.path["pipeline"]
    gone = call.studio.workspace.deleting.block(pipeline, call.path["block"], keep_file=call.query.keep_file)
    return BlockDeleted(gone.token, gone.paths, call.studio.workspace.detail(pipeline))
