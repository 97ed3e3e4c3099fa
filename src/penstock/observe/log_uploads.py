"""Copies the logs of runs that have ended to a bucket on S3 or Google Cloud Storage, in a thread of its own.

Logs are always written to disk first; the bucket gets copies. A bucket that cannot be reached keeps nobody waiting: how
far copying has come is remembered in the state store, and it goes on from there, now or after a restart.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.config.settings import LoggingConfig
from penstock.data.naming import quote
from penstock.model.errors import ConnectionFailedError, DriverMissingError, PenstockError, SettingInvalidError
from penstock.observe.metrics import METRICS
from penstock.observe.record import run_folder
from penstock.project import Project

if TYPE_CHECKING:
    from penstock.state.store import State

MARK = ".uploaded"
"""The file in a run's folder that says when it was copied."""
AGAIN = 15.0
LONGEST = 900.0
"""Seconds after which a bucket that could not be reached is tried again: at first, and at most."""

_KEY = "logs.uploaded."
_LOOKED_BACK = 600.0
"""Runs of the terminal come into the store a moment after they have ended."""
_SETTLING = 2.0
_QUIET = 300.0
_BATCH = 200
_log = logging.getLogger("penstock.logs")


class LogUploads:
    """Copies logs, when the project's `logging_config` names a bucket.

    Args:
        state: the store.
        project: the project as it is now.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, project: Callable[[], Project], clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._project = project
        self._clock = clock
        self._ending = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._go, name="log uploads", daemon=True)
        self._opened: tuple[LoggingConfig, Any] | None = None

    def start(self) -> None:
        """Begin; what was left the last time is copied at once."""
        self._woken.set()
        self._thread.start()

    def wake(self) -> None:
        """A run has ended; from any thread."""
        self._woken.set()

    def close(self) -> None:
        """End; what has not been copied is the next time."""
        self._ending.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)  # a bucket that does not answer keeps nobody from ending

    def turn(self) -> int:
        """Copy the logs of the runs that have ended since the last turn; of how many.

        Raises:
            SettingInvalidError: the bucket is not named.
            DriverMissingError: the package that talks to buckets is not installed.
            ConnectionFailedError: the bucket cannot be written; the rest is copied the next time.
            StateUnavailableError: the store is away.
        """
        project = self._project()
        config = project.settings.logging_config
        if config.type == "file":
            self._opened = None
            return 0
        bucket = self._bucket(config)
        root = project.logs_root()
        key = _KEY + hashlib.sha256(f"{socket.gethostname()}:{root}".encode()).hexdigest()[:16]
        with self._state.write() as connection:
            told = self._state.settings.get(connection, key)
            if not told:  # what was there before the bucket was named stays where it is
                self._state.settings.put(connection, key, repr(self._clock()))
        now = self._clock()
        reached = min(float(told), now) if told else now  # what a clock that was ahead has left hides nothing
        since, after, count = reached - _LOOKED_BACK, "", 0
        while not self._ending.is_set():
            with self._state.read() as connection:
                rows = self._state.runs.ended_since(connection, since, after, _BATCH)
            for name, pipeline, at in rows:
                count += self._copied(bucket, config, run_folder(root, pipeline, name), f"{quote(pipeline)}/.logs", at)
                since, after, reached = at, name, max(reached, min(at, now))
            if rows:
                with self._state.write() as connection:
                    self._state.settings.put(connection, key, repr(reached))
            if len(rows) < _BATCH:
                break
        return count

    def _copied(self, bucket: Any, config: LoggingConfig, folder: Path, below: str, ended: float) -> bool:
        mark = folder / MARK
        try:
            files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
            if mark.exists() and mark.stat().st_mtime >= max([ended, *(path.stat().st_mtime for path in files)]):
                return False
            for path in files:
                _put(bucket, config, f"pipelines/{below}/{folder.name}/{path.name}", path)
            mark.touch()
        except FileNotFoundError:  # its logs are kept elsewhere, or have been removed
            return False
        except (OSError, ValueError) as error:  # a file that cannot be read, or whose name no bucket takes
            _log.warning("copying the logs in %s: %s", folder, error)
            return False
        METRICS.count("penstock_log_uploads_total", outcome="sent")
        return True

    def _bucket(self, config: LoggingConfig) -> Any:
        if self._opened is None or self._opened[0] != config:
            self._opened = (config, open_bucket(config))
        return self._opened[1]

    def _go(self) -> None:
        pause = 0.0
        while not self._ending.is_set():
            if pause:
                self._ending.wait(pause)
            else:
                self._woken.wait(None if self._opened is None else _QUIET)
                self._ending.wait(_SETTLING)
            self._woken.clear()
            if self._ending.is_set():
                return
            try:
                self.turn()
                pause = 0.0
            except (PenstockError, OSError) as error:
                METRICS.count("penstock_log_uploads_total", outcome="failed")
                pause = min(LONGEST, max(AGAIN, 2 * pause))
                _log.warning("%s; tried again in %.0f s", error, pause)


def open_bucket(config: LoggingConfig, timeout: float = 30.0) -> Any:
    """The place that a `logging_config` names; nothing is asked of it yet.

    Args:
        config: of type s3 or gcs.
        timeout: seconds for one request.

    Raises:
        SettingInvalidError: the bucket is not named, or something beside it cannot be used.
        DriverMissingError: the package that talks to buckets is not installed.
    """
    given = {str(name): value for name, value in config.destination_config.items() if value not in (None, "")}
    bucket = str(given.get("bucket", ""))
    if not bucket:
        raise SettingInvalidError(
            f"copying logs to {config.type}: logging_config.destination_config names no bucket",
            hint="Set bucket there, and prefix if you like.",
        )
    try:
        from obstore import store
        from obstore.exceptions import BaseError
    except ImportError as error:
        raise DriverMissingError(
            f"copying logs to {config.type}: the package obstore is not installed",
            hint="Install it: pip install 'penstock[buckets]'.",
        ) from error
    endpoint = str(given.get("endpoint_url", ""))
    shared: dict[str, Any] = {
        "prefix": str(given.get("prefix", "")).strip("/") or None,
        "client_options": {
            "timeout": f"{timeout:g}s",
            "connect_timeout": "5s",
            "allow_http": endpoint.startswith("http://"),
        },
        "retry_config": {"max_retries": 2},
    }
    try:
        if config.type == "gcs":
            if path := given.get("path_to_credentials"):
                shared["service_account"] = str(path)
            return store.GCSStore(bucket, **shared)
        return store.S3Store(bucket, **shared, **_s3_options(given, endpoint))
    except (BaseError, ValueError) as error:
        raise SettingInvalidError(
            f"copying logs to {config.type} bucket {bucket}: {_first_line(error)}",
            hint="Look at logging_config.destination_config.",
        ) from error


def _s3_options(given: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    named = {
        "access_key_id": given.get("aws_access_key_id"),
        "secret_access_key": given.get("aws_secret_access_key"),
        "session_token": given.get("aws_session_token"),
        "region": given.get("region_name") or given.get("aws_region") or "us-east-1",
        "endpoint": endpoint or None,
    }
    return {name: str(value) for name, value in named.items() if value}


def _put(bucket: Any, config: LoggingConfig, name: str, path: Path) -> None:
    import obstore
    from obstore.exceptions import BaseError

    try:
        obstore.put(bucket, name, path)
    except BaseError as error:
        where = config.destination_config.get("bucket")
        raise ConnectionFailedError(
            f"copying logs to {config.type} bucket {where}: {_first_line(error)}",
            hint="The logs stay on disk, and are copied when the bucket can be written again.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
