"""`penstock blocks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from penstock.cli.arguments import FOLDER, PIPELINE
from penstock.cli.opening import opened_project
from penstock.cli.text import say_list
from penstock.model.block import Block
from penstock.model.errors import PenstockError, PipelineNotFoundError
from penstock.project import Project


@click.command()
@click.argument("project", default=".", type=FOLDER)
@click.argument("pipelines", type=PIPELINE, nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def blocks(project: Path, pipelines: tuple[str, ...], *, as_json: bool) -> None:
    """List the pipelines of PROJECT (or only these PIPELINES) and their blocks in the order of the file."""
    opened = opened_project(project)
    found = [_pipeline(opened, uuid) for uuid in (pipelines or opened.pipeline_uuids())]
    if as_json:
        say_list("pipelines", found, project=str(opened.root))
        return
    for pipeline in found:
        click.echo(click.style(f"{pipeline['uuid']} ({pipeline['type']})", bold=True))
        if pipeline["error"]:
            click.echo(f"  cannot be read: {pipeline['error']}")
        for block in pipeline["blocks"]:
            upstream = f" <- {', '.join(block['upstream'])}" if block["upstream"] else ""
            click.echo(f"  {block['uuid']}: {block['type']}, {block['language']}{upstream}")


def _pipeline(project: Project, uuid: str) -> dict[str, Any]:
    """One pipeline as a document; a file that cannot be read is an entry with an error, not the end of the list."""
    try:
        pipeline = project.pipeline(uuid)
    except PipelineNotFoundError:
        raise  # somebody has asked for what there is not
    except PenstockError as error:
        return {"uuid": uuid, "type": "unknown", "error": error.message, "blocks": []}
    return {
        "uuid": uuid,
        "type": pipeline.declared_type,
        "error": None,
        "blocks": [_block(project, block) for block in pipeline.blocks],
    }


def _block(project: Project, block: Block) -> dict[str, Any]:
    file = Path(block.file) if block.file else None
    inside = file is not None and file.is_relative_to(project.root)
    return {
        "uuid": block.uuid,
        "type": block.declared_type or block.type.value,
        "language": block.language.value,
        "upstream": list(block.upstream),
        "file": str(file.relative_to(project.root) if file and inside else file) if file else None,
    }
