"""Mage's names for the folders of the project and of its data."""

from penstock.sdk.folders import get_data_dir, get_repo_name, get_repo_path, get_variables_dir, set_repo_path

__all__ = ["get_data_dir", "get_repo_name", "get_repo_path", "get_variables_dir", "set_repo_path"]
