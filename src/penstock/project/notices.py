"""What whoever opens a project has to be told before anything else: where its data is, when that is not as it says."""

from __future__ import annotations

from penstock.config import environment
from penstock.project.left_out import HERE, remote_executor
from penstock.project.load import Project
from penstock.project.places import is_remote


def unread_notice(project: Project) -> str:
    """Why no setting of the project counts, and which data folder that leaves; "" when its file was read."""
    finding = project.unread
    if finding is None:
        return ""
    place = str(finding.location)
    told = finding.message if place in finding.message else f"{place}: {finding.message}"
    return f"{told}; its settings do not count, so the data folder is {project.data_dir()}"


def opening_notices(project: Project) -> list[str]:
    """What there is to say before something of the project runs, a line each."""
    notices = [unread_notice(project)]
    asked = project.settings.variables_dir
    if is_remote(asked) and not environment.text("PENSTOCK_DATA_DIR"):
        notices.append(
            f"variables_dir is {asked}: this version stores outputs on this machine only, in {project.data_dir()}"
        )
    if executor := remote_executor(environment.text("DEFAULT_EXECUTOR_TYPE")):
        notices.append(f"DEFAULT_EXECUTOR_TYPE is {executor}; {HERE}")
    return [notice for notice in notices if notice]
