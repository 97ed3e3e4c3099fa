"""Where things are: the project's folder and name, the folders of data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from penstock.config import environment
from penstock.model.errors import UnsupportedError
from penstock.sdk.context import current


def get_repo_path(
    context_data: Any = None,
    file_path: str | None = None,
    root_project: bool = False,  # noqa: FBT001, FBT002 - the signature that block code uses
    absolute_path: bool = True,  # noqa: FBT001, FBT002
    user: Any = None,
) -> str:
    """The project's folder, absolute, or only its name when `absolute_path` is false.

    The other arguments choose among several projects and users, and there is one of each.
    """
    del context_data, file_path, root_project, user
    context = current()
    return context.project if absolute_path else context.project_name


def get_repo_name(repo_path: str | None = None, root_project: bool = False) -> str:  # noqa: FBT001, FBT002
    """The name of the project's folder, or the last part of the given path."""
    del root_project
    return Path(repo_path).name if repo_path else current().project_name


def get_data_dir() -> str:
    """The folder with the data of all projects: PENSTOCK_DATA_DIR, else the one around this project's."""
    return environment.text("PENSTOCK_DATA_DIR") or os.path.dirname(get_variables_dir())  # noqa: PTH120 - text in, text out


def get_variables_dir(
    repo_path: str | None = None,
    repo_config: Any = None,
    root_project: bool = False,  # noqa: FBT001, FBT002
) -> str:
    """The folder of this project's data products. Their layout is Penstock's own: read them with `get_variable`."""
    del repo_path, repo_config, root_project
    return current().data_root


def set_repo_path(repo_path: str) -> None:
    """Accepts the path of the project that runs; another one is refused.

    Raises:
        UnsupportedError: the path is not that of the running project.
    """
    context = current()
    if Path(repo_path).resolve() != Path(context.project).resolve():
        raise UnsupportedError(
            f"switching to the project {repo_path}: a block runs in its own project, {context.project}",
            hint="Run the other project's pipeline with `penstock run`.",
        )
