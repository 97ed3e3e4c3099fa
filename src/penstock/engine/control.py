"""What supervisor and zygote say to each other, one datagram a message; file descriptors travel beside `Spawn`."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.config.decoding import msgpack_decoder

DATAGRAM_LIMIT = 128 * 1024
"""Bytes of one message at most; a Unix socket takes a datagram of this size by default."""

DESCRIPTORS = 4
"""Beside `Spawn`: the worker's channel, its stdout, its stderr, and where orders lie ready for it."""


class Spawn(msgspec.Struct, frozen=True, tag=1, array_like=True):
    """Fork a worker; import `needs` first, those that have not been tried yet.

    `warm` says for which language the worker warms up while it waits for its order; empty is not at all.
    """

    process: int
    needs: list[str]
    warm: str = ""


class Preload(msgspec.Struct, frozen=True, tag=2, array_like=True):
    """Import these modules when there is nothing else to do."""

    modules: list[str]


class PreloadOutcome(StrEnum):
    """What became of a module that the zygote was asked to import."""

    LOADED = "loaded"
    FAILED = "failed"
    REFUSED = "refused"
    THREADS = "threads"


class Exited(msgspec.Struct, frozen=True, tag=16, array_like=True):
    """A worker and everything that it left behind is gone; `status` is that of `wait`, memory in bytes."""

    process: int
    status: int
    peak_memory: int
    cpu_seconds: float


class SpawnFailed(msgspec.Struct, frozen=True, tag=17, array_like=True):
    """A worker could not be forked."""

    process: int
    reason: str


class Importing(msgspec.Struct, frozen=True, tag=18, array_like=True):
    """An import begins; should the zygote die now, this module is to blame."""

    module: str


class Imported(msgspec.Struct, frozen=True, tag=19, array_like=True):
    """An import has ended."""

    module: str
    outcome: PreloadOutcome
    reason: str = ""


ToZygote = Spawn | Preload
FromZygote = Exited | SpawnFailed | Importing | Imported

encode = msgspec.msgpack.Encoder().encode
decode_to_zygote = msgpack_decoder(ToZygote).decode
decode_from_zygote = msgpack_decoder(FromZygote).decode
