"""Mage's older names for the folders of the project."""

from penstock.sdk.absent import Absent
from penstock.sdk.folders import get_data_dir, get_repo_name, get_repo_path, get_variables_dir, set_repo_path
from penstock.sdk.kinds import ProjectType

__all__ = [
    "ProjectType",
    "RepoConfig",
    "get_data_dir",
    "get_repo_name",
    "get_repo_path",
    "get_variables_dir",
    "set_repo_path",
]

RepoConfig = Absent("RepoConfig", "Read metadata.yaml below get_repo_path(), and folders with get_data_dir().")
get_repo_config = Absent(
    "get_repo_config", "Read metadata.yaml below get_repo_path(), and folders with get_data_dir()."
)
