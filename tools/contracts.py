"""Checks the import contracts of pyproject.toml. A call by module, since a script's first line may not hold a space."""

from __future__ import annotations

import sys

from importlinter.cli import lint_imports

sys.exit(lint_imports(config_filename="pyproject.toml", show_timings=False, verbose=False, no_logo=True))
