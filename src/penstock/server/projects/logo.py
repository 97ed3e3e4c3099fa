"""The project's own logo: a picture among its files, which its settings name."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from penstock.model.errors import PathRefusedError, SettingInvalidError
from penstock.server.projects.parts import Parts

KINDS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
}
LARGEST = 1 << 20
"""Bytes: every page shows it."""


def logo_file(parts: Parts) -> tuple[Path, str] | None:
    """The picture and its media type; None when none is set, or what is set is none that can be shown."""
    name = parts.project().settings.logo
    if not name:
        return None
    try:
        return find_logo(parts, name)
    except (SettingInvalidError, PathRefusedError):
        return None


def logo_stamp(parts: Parts) -> str:
    """Another text for another picture; empty when there is none."""
    found = logo_file(parts)
    if found is None:
        return ""
    try:
        about = found[0].stat()
    except OSError:
        return ""
    return f"{about.st_mtime_ns:x}-{about.st_size:x}"


def find_logo(parts: Parts, name: str) -> tuple[Path, str]:
    """The picture of that path in the project, and its media type.

    Raises:
        SettingInvalidError: there is none, it is no picture by its name, or it is too large.
        PathRefusedError: the path leads out of the project.
    """
    doing = f"setting the logo to {name[:200]}"
    kind = KINDS.get(PurePosixPath(name).suffix.lower())
    if kind is None:
        raise SettingInvalidError(
            f"{doing}: its name says that it is no picture",
            hint=f"Name a file of the project that ends with {', '.join(KINDS)}.",
        )
    path = parts.resolver.resolve(name).path
    if not path.is_file():
        raise SettingInvalidError(
            f"{doing}: there is no such file in the project",
            hint="Upload it on the page Files, then name its path here.",
        )
    if (size := path.stat().st_size) > LARGEST:
        raise SettingInvalidError(
            f"{doing}: it has {size / 1e6:.1f} MB", hint="Name a picture of at most 1 MB: every page shows it."
        )
    return path, kind
