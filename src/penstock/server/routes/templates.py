"""Templates of blocks and pipelines: list, show, keep, change, delete."""

from __future__ import annotations

from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes
from penstock.server.schema.templates import (
    NewPipelineTemplate,
    NewTemplate,
    PipelineTemplateList,
    TemplateChanges,
    TemplateDeleted,
    TemplateDetail,
    TemplateList,
)

routes = Routes("templates")


@routes.get("/api/templates", Permission.VIEW)
def list_templates(call: Call) -> TemplateList:
    """All templates of blocks, in the order of the menu."""
    return TemplateList(call.studio.workspace.templates.all())


@routes.get("/api/templates/{template}", Permission.VIEW)
def show_template(call: Call) -> TemplateDetail:
    """A template with its code and what can be filled in."""
    shelf = call.studio.workspace.templates
    return shelf.detail(shelf.find(call.path["template"]))


@routes.post("/api/templates", Permission.EDIT, body=NewTemplate, status=201)
def create_template(call: Call) -> TemplateDetail:
    """Keep a block, or given code, as a template of the project."""
    workspace = call.studio.workspace
    return workspace.templates.detail(workspace.own_templates.create(call.body))


@routes.put("/api/templates/{template}", Permission.EDIT, body=TemplateChanges)
def change_template(call: Call) -> TemplateDetail:
    """Change what is given of a template of the project."""
    workspace = call.studio.workspace
    return workspace.templates.detail(workspace.own_templates.change(call.path["template"], call.body))


@routes.delete("/api/templates/{template}", Permission.EDIT)
def delete_template(call: Call) -> TemplateDeleted:
    """Take a template of the project away."""
    return TemplateDeleted(call.studio.workspace.own_templates.delete(call.path["template"]).token)


@routes.get("/api/pipeline-templates", Permission.VIEW)
def list_pipeline_templates(call: Call) -> PipelineTemplateList:
    """The pipelines to start from."""
    return PipelineTemplateList(call.studio.workspace.templates.pipelines())


@routes.post("/api/pipeline-templates", Permission.EDIT, body=NewPipelineTemplate, status=201)
def create_pipeline_template(call: Call) -> PipelineTemplateList:
    """Keep a pipeline of the project as a template; answers with the list."""
    workspace = call.studio.workspace
    workspace.own_templates.keep_pipeline(call.body)
    return PipelineTemplateList(workspace.templates.pipelines())


@routes.delete("/api/pipeline-templates/{template}", Permission.EDIT)
def delete_pipeline_template(call: Call) -> TemplateDeleted:
    """Take a pipeline template of the project away."""
    return TemplateDeleted(call.studio.workspace.own_templates.delete_pipeline(call.path["template"]).token)
