"""Reads the logs of a run back from the bucket that they were copied to, when they are no longer on this disk.

They are put where they were, with the times that they had: what removes old logs removes them again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.data.naming import quote
from penstock.model.errors import ConnectionFailedError, PenstockError
from penstock.observe.log_uploads import MARK, open_bucket
from penstock.observe.record import RUN_RECORD, run_folder
from penstock.project import Project

if TYPE_CHECKING:
    from penstock.state.store import State

FETCHED = ".fetched"
"""The file in a run's folder that says that its logs were read back."""
TIMEOUT = 5.0
LARGEST = 256 * 1024 * 1024
"""Bytes of the logs of one run that are read back; what is larger stays in the bucket."""
_ASKED_AGAIN = 60.0
"""Seconds after which a bucket is asked again that did not have the logs, or did not answer."""
_MOST_KNOWN = 1000
_CHUNK = 1 << 20
_FETCHING = ".fetching-"
_LEFT_AFTER = 3600.0
"""Seconds after which a folder of logs that are being read back counts as left by a process that was killed."""


class LogFetcher:
    """Reads logs back; for any thread.

    Args:
        project: the project as it is now.
        state: the store, which knows the names that a pipeline had: the copies of a run lie under the one of its time.
        monotonic: seconds that only grow.
    """

    def __init__(
        self, project: Callable[[], Project], state: State, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._project = project
        self._state = state
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, str], float] = {}

    def fetch(self, pipeline: str, run: str) -> bool:
        """Bring the logs of a run that has ended to this disk, unless they are here; whether they are now.

        Raises:
            SettingInvalidError, DriverMissingError: as `open_bucket`.
            ConnectionFailedError: the bucket cannot be read.
            StorageError: the disk cannot be written.
            StateUnavailableError: the store is away.
        """
        project = self._project()
        folder = run_folder(project.logs_root(), pipeline, run)
        if (folder / RUN_RECORD).exists():
            return True
        config = project.settings.logging_config
        if config.type == "file" or not self._may_ask(pipeline, run):
            return False
        bucket = open_bucket(config, timeout=TIMEOUT)
        where = f"{config.type} bucket {config.destination_config.get('bucket')}"
        with self._state.read() as connection:
            names = self._state.runs.names(connection, pipeline)
        return any(_brought(bucket, f"pipelines/{quote(name)}/.logs/{folder.name}/", folder, where) for name in names)

    def try_to(self, pipeline: str, run: str) -> None:
        """As `fetch`; what goes wrong is as if there were none."""
        with suppress(PenstockError, OSError):
            self.fetch(pipeline, run)

    def _may_ask(self, pipeline: str, run: str) -> bool:
        now = self._monotonic()
        with self._lock:
            if now - self._asked.get((pipeline, run), -_ASKED_AGAIN) < _ASKED_AGAIN:
                return False
            if len(self._asked) >= _MOST_KNOWN:
                self._asked.clear()
            self._asked[pipeline, run] = now
            return True


def is_fetched(folder: Path) -> bool:
    """Whether the logs in a run's folder were read back from a bucket."""
    return (folder / FETCHED).exists()


def _brought(bucket: Any, prefix: str, folder: Path, where: str) -> bool:
    import obstore
    from obstore.exceptions import BaseError

    try:
        found = {
            name: each
            for chunk in obstore.list(bucket, prefix=prefix)
            for each in chunk
            if (name := str(each["path"]).rpartition("/")[2]) and not name.startswith(".")
        }
        if RUN_RECORD not in found or sum(each["size"] for each in found.values()) > LARGEST:
            return False
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(folder.parent.parent)
        with tempfile.TemporaryDirectory(prefix=_FETCHING, dir=folder.parent.parent) as made:
            place = Path(made) / "run"
            place.mkdir()
            for name, each in found.items():
                with (place / name).open("wb") as file:
                    for chunk in obstore.get(bucket, each["path"]).stream(min_chunk_size=_CHUNK):
                        file.write(chunk)
                at = each["last_modified"].timestamp()
                os.utime(place / name, (at, at))
            (place / FETCHED).touch()
            (place / MARK).touch()  # it is in the bucket already
            _put(place, folder)
    except BaseError as error:
        raise ConnectionFailedError(
            f"reading logs back from {where}: {(str(error).strip().splitlines() or [type(error).__name__])[0][:300]}",
            hint="They are kept there; ask again when it can be read.",
        ) from error
    return True


def _remove_left(folder: Path) -> None:
    """Remove what a process has left here that was killed while it read logs back."""
    for left in folder.glob(f"{_FETCHING}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_AFTER:
                shutil.rmtree(left)


def _put(place: Path, folder: Path) -> None:
    """Move a folder to where it belongs; what is left there of an earlier one, without its record, gives way."""
    with suppress(FileNotFoundError):
        if not (folder / RUN_RECORD).exists():
            shutil.rmtree(folder)
    try:
        place.rename(folder)
    except OSError:
        if not (folder / RUN_RECORD).exists():  # else somebody else has brought it in this moment
            raise
