"""Mage's older names for the folders of the project."""

from penstock.sdk.folders import get_data_dir, get_repo_name, get_repo_path, get_variables_dir, set_repo_path
from penstock.sdk.kinds import ProjectType

__all__ = ["ProjectType", "get_data_dir", "get_repo_name", "get_repo_path", "get_variables_dir", "set_repo_path"]
