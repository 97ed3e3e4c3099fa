"""Puts the user interface into the package: built from web/ unless it is already, or left out with PENSTOCK_UI=skip."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _builder() -> ModuleType:
    file = Path(__file__).resolve().parent / "web" / "build.py"
    spec = importlib.util.spec_from_file_location("penstock_ui_build", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up while they are made
    spec.loader.exec_module(module)
    return module


class UserInterfaceHook(BuildHookInterface[BuilderConfig]):
    """Runs before wheels, sdists and editable installs are made."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js as a Python package, if something has to be built and the system has none that can."""
        builder = _builder()
        if _skipped() or builder.fresh() or builder.find_node():
            return []
        return [builder.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build it where its sources lie; the files are artifacts of the package."""
        if _skipped():
            self.app.display_warning("PENSTOCK_UI=skip: this package has no user interface, only the API.")
            return
        builder = _builder()
        try:
            built = builder.build()
        except builder.UiBuildError as error:
            self.app.abort(str(error))  # the sentence alone, without a traceback
        else:
            if built:
                self.app.display_info("The user interface was built.")


def _skipped() -> bool:
    return os.environ.get("PENSTOCK_UI", "") == "skip"
