"""The built UI: hashed files for ever, the page itself never cached, compressed files as they were built.

Whatever is not a file is the page: its router knows the path. Nothing here holds data, so no login is asked for.
"""

from __future__ import annotations

import gzip
import html
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from starlette.responses import FileResponse, HTMLResponse, Response

FOLDER = Path(__file__).parent / "static"
NOT_BUILT = (
    "<!doctype html><meta charset=utf-8><title>Penstock</title>"
    "<p>The user interface has not been built. In a checkout, run <code>make ui</code> and start again; "
    "the API below <code>/api/</code> works without it.</p>"
)
_IMMUTABLE = "public, max-age=31536000, immutable"
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".map": "application/json",
}


@dataclass
class StaticFiles:
    """The files of the UI below a base path. Names that were not in its folder when it was built do not exist."""

    base: str = ""
    folder: Path = FOLDER

    _built: tuple[int, int] | None = None

    @cached_property
    def _files(self) -> dict[str, Path]:
        if not self.folder.is_dir():
            return {}
        return {file.relative_to(self.folder).as_posix(): file for file in self.folder.rglob("*") if file.is_file()}

    @cached_property
    def _page(self) -> str:
        """The page with the base path in it, so that one build serves any prefix."""
        text = (self.folder / "index.html").read_text(encoding="utf-8")
        base = html.escape(self.base, quote=True)
        return text.replace("<head>", f'<head><base href="{base}/"><meta name="base-path" content="{base}">', 1)

    def _notice_builds(self) -> None:
        """Forget what was listed when another build has taken the folder's place, as an upgrade does."""
        try:
            status = (self.folder / "index.html").stat()
            built = (status.st_mtime_ns, status.st_ino)
        except OSError:
            built = None
        if built != self._built:
            self.__dict__.pop("_files", None)
            self.__dict__.pop("_page", None)
            self._built = built

    def answer(self, path: bytes, headers: dict[bytes, bytes]) -> Response:
        """The file of that path, or the page."""
        self._notice_builds()
        name = unquote(path.decode("latin-1")).lstrip("/")
        if name.startswith("assets/") or self._serves(name):
            return self._file(name, headers)
        if "index.html" not in self._files:
            return HTMLResponse(NOT_BUILT, 503)
        return HTMLResponse(self._page, headers={"Cache-Control": "no-cache"})

    def _serves(self, name: str) -> bool:
        if name == "index.html" or name.endswith((".gz", ".br")):
            return False
        return name in self._files or f"{name}.gz" in self._files

    def _file(self, name: str, headers: dict[bytes, bytes]) -> Response:
        if not self._serves(name):
            return Response("There is no such file.", 404, media_type="text/plain")
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        kept = {"Cache-Control": _IMMUTABLE if name.startswith("assets/") else "no-cache", "Vary": "Accept-Encoding"}
        packed = self._files.get(f"{name}.gz")
        if packed is None:
            return FileResponse(self._files[name], headers=kept, media_type=kind)
        smallest = self._files.get(f"{name}.br")
        if smallest is not None and _takes("br", headers):
            return FileResponse(smallest, headers={**kept, "Content-Encoding": "br"}, media_type=kind)
        if _takes("gzip", headers):
            return FileResponse(packed, headers={**kept, "Content-Encoding": "gzip"}, media_type=kind)
        # Large files are kept compressed only; no browser asks for them like this.
        return Response(gzip.decompress(packed.read_bytes()), headers=kept, media_type=kind)


def _takes(wanted: str, headers: dict[bytes, bytes]) -> bool:
    """Whether a client says that it takes that coding; what it says of all counts for gzip only."""
    for coding in headers.get(b"accept-encoding", b"").decode("latin-1").lower().split(","):
        name, _, quality = coding.replace(" ", "").partition(";q=")
        if name == wanted or (name == "*" and wanted == "gzip"):
            return quality not in {"0", "0.0", "0.00", "0.000"}
    return False
