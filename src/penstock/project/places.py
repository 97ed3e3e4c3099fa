"""Where a project keeps what is not in its folder: data products, logs, caches.

Projects are told apart by more than their folder's name: the first one of a name owns `<data folder>/<name>`, marked by
a small file; another one of the same name gets `<name>-<hash>`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from penstock.config import environment

DEFAULT = "~/.penstock"
"""The data folder of a project that names none."""
MARKER = ".project.json"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells projects of one name apart: the id in their metadata.yaml, or their real path."""

    name: str
    uuid: str
    path: str

    def owns(self, marker: dict[str, str]) -> bool:
        """Whether the marker was left by this project."""
        if self.uuid and marker.get("uuid"):
            return self.uuid == marker["uuid"]
        return marker.get("path") == self.path

    @property
    def digest(self) -> str:
        """Eight characters that differ between projects."""
        return _digest(self.uuid or self.path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def data_folder(root: Path, name: str, uuid: str, variables_dir: str, *, make: bool = True) -> Path:
    """The project's data folder: environment, then metadata, then the default.

    A relative one is below the project; an absolute one gets the project's name appended, unless it is the project's
    folder itself.

    Args:
        root: the project's folder, absolute.
        name: its name.
        uuid: the project_uuid of its metadata, or "".
        variables_dir: the setting of its metadata, or "".
        make: make the folder and mark it as the project's, where that is allowed.
    """
    given = environment.text("PENSTOCK_DATA_DIR") or _usable(variables_dir) or DEFAULT
    folder = Path(os.path.expanduser(given))  # noqa: PTH111 - Path.expanduser raises where there is no home
    if not folder.is_absolute():
        return Path(os.path.normpath(root / folder))
    if folder == root or folder.is_relative_to(root):
        return folder
    return _claim(folder, Identity(name, uuid, os.path.realpath(root)), make=make)


def logs_folder(data: Path, root: Path, name: str) -> Path:
    """The folder of logs: that of the environment with the project's name appended, or `logs` in the data folder."""
    given = environment.text("PENSTOCK_LOGS_DIR")
    if not given:
        return data / "logs"
    folder = Path(os.path.expanduser(given))  # noqa: PTH111 - see above
    return folder / (data.name if data.name.startswith(name) else name) if folder.is_absolute() else root / folder


def is_remote(variables_dir: str) -> bool:
    """Whether the setting names a place on another machine, such as s3://bucket/prefix."""
    return "://" in variables_dir


def _usable(variables_dir: str) -> str:
    """The setting, unless it is what an unset variable renders to, or a remote address."""
    text = variables_dir.strip()
    return "" if text in {"", "None"} or is_remote(text) else text


def _claim(base: Path, identity: Identity, *, make: bool) -> Path:
    folder = base / identity.name
    marker = _read_marker(folder)
    if marker is None and make:
        marker = _leave_marker(folder, identity)
    if marker is None or identity.owns(marker):
        return folder
    second = base / f"{identity.name}-{identity.digest}"
    # It may have begun without an id: what it has stored since then stays its own.
    without = base / f"{identity.name}-{_digest(identity.path)}"
    if _read_marker(second) is None and (begun := _read_marker(without)) is not None and identity.owns(begun):
        return without
    if make and _read_marker(second) is None:
        _leave_marker(second, identity)
    return second


def marked_uuid(folder: Path) -> str:
    """The id of the project that a data folder was marked for; "" when it had none, or the folder has no mark."""
    return (_read_marker(folder) or {}).get("uuid", "")


def _read_marker(folder: Path) -> dict[str, str] | None:
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return marker if isinstance(marker, dict) else None


def _leave_marker(folder: Path, identity: Identity) -> dict[str, str] | None:
    """Mark a folder as this project's; the marker that stands afterwards, None when the folder cannot be written."""
    content = {"uuid": identity.uuid, "path": identity.path}
    temporary = folder / f"{MARKER}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content), encoding="utf-8")
        # A link, not a rename: the first of two that start at once keeps the folder.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, folder / MARKER)
    except OSError:
        return None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return _read_marker(folder)
