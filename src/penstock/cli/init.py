"""`penstock init`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from penstock.cli.arguments import FOLDER
from penstock.project.init import TYPES, create_project

CLUSTERS = ("k8s", "ecs", "cloud_run", "emr")
EXAMPLE = "example_pipeline"
"""The pipeline that a new project holds."""


@click.command()
@click.argument("project", type=FOLDER)
@click.option(
    "--project-type",
    type=click.Choice(TYPES),
    help="standalone (default); main manages workspaces; sub is one of them.",
)
@click.option("--cluster-type", type=click.Choice(CLUSTERS), help="Where workspaces run.")
@click.option("--project-uuid", help="The project's id; a random one by default.")
def init(project: Path, project_type: str | None, cluster_type: str | None, project_uuid: str | None) -> None:
    """Create a project in the folder PROJECT, with an example pipeline that runs offline."""
    created = create_project(project, project_type=project_type, cluster_type=cluster_type, project_uuid=project_uuid)
    click.echo(f"created project {created.name} in {created}")
    if (created / "pipelines" / EXAMPLE).is_dir():
        click.echo(f"next: penstock run {shlex.quote(str(project))} {EXAMPLE}")
