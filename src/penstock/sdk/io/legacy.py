"""The older way to read a profile: `IOConfig(file).use(profile)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penstock.sdk.io.config import ConfigFileLoader
from penstock.sdk.io.keys import ConfigKey as IOConfigKeys

__all__ = ["IOConfig", "IOConfigKeys"]


class IOConfig:
    """The profiles of a file; by default the project's io_config.yaml."""

    def __init__(self, filepath: str | Path | None = None) -> None:
        self.filepath = filepath

    def use(self, profile: str) -> Any:
        """The settings of one profile, as a map."""
        return ConfigFileLoader(self.filepath, profile).config
