"""Names of pipelines, blocks and partitions as names of folders, on any file system.

Lower-case ASCII letters, digits, `_`, `-` and inner dots stand for themselves; every other byte of the UTF-8 form is
written as `%xx`. So upper and lower case never meet on a file system that ignores case, no two forms of one accent
do, and nothing means a parent folder or a device.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{name}{digit}" for name in ("com", "lpt") for digit in range(10)]
)
_LONGEST = 120
DIGESTED = "%~"
"""What stands before the digest in a name that was too long."""
_KEPT = 64


@lru_cache(maxsize=4096)
def quote(name: str) -> str:
    """The folder name of a name: at most 120 ASCII characters, different for different names.

    A name too long for that is cut and ends in `%~` and a digest; `unquote` gives None for it.
    """
    raw = name.encode("utf-8", "surrogatepass")
    last = len(raw) - 1
    text = "".join(
        chr(byte) if byte in _PLAIN or (byte == ord(".") and 0 < at < last) else f"%{byte:02x}"
        for at, byte in enumerate(raw)
    )
    if text.partition(".")[0] in _DEVICES:
        text = f"%{raw[0]:02x}{text[1:]}"
    if not text:
        return "%"
    if len(text) > _LONGEST:
        kept = text[:_KEPT]
        # A cut inside of an escape would read as another name.
        kept = kept[: kept.rfind("%")] if "%" in kept[-2:] else kept
        return f"{kept}{DIGESTED}{hashlib.sha256(raw).hexdigest()[:40]}"
    return text


def unquote(folder: str) -> str | None:
    """The name that a folder name stands for; None when it holds only a digest of it, or is none of ours."""
    if folder == "%":
        return ""
    if DIGESTED in folder:
        return None
    raw = bytearray()
    at = 0
    while at < len(folder):
        if folder[at] == "%":
            try:
                raw.append(int(folder[at + 1 : at + 3], 16))
            except ValueError:
                return None
            at += 3
        else:
            raw += folder[at].encode("utf-8", "surrogatepass")
            at += 1
    try:
        name = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return name if quote(name) == folder else None
