"""A clock that a test sets for real processes: what Python says the time is, in the process and all that it starts."""

from __future__ import annotations

import os
from pathlib import Path

_START = """import os
import time

_real, _file = time.time, os.environ["PENSTOCK_TEST_CLOCK"]


def _shifted():
    return _real() + os.stat(_file).st_size


time.time = _shifted
"""


class Clock:
    """How many seconds the clock of processes is ahead: the size of a file, which they look at each time they ask.

    Args:
        folder: where its files are kept.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._file = folder / "ahead"
        self._file.touch()
        (folder / "sitecustomize.py").write_text(_START)
        known = os.environ.get("PYTHONPATH")
        self.environment = {
            "PENSTOCK_TEST_CLOCK": str(self._file),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), known))),
        }
        """For the processes that go by it."""

    @property
    def ahead(self) -> int:
        """How many seconds they are ahead."""
        return self._file.stat().st_size

    def set(self, ahead: int) -> None:
        """Let them be so many seconds ahead, 0 or more."""
        os.truncate(self._file, ahead)
