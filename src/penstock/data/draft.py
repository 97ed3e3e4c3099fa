"""A draft: the outputs of one attempt, stored aside, until they are published together or given up."""

from __future__ import annotations

import itertools
import os
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.data.backend import LATER, Backend, Durability
from penstock.data.codecs.parts import joined_codec, plain_range
from penstock.data.deferral import force_others, this_boot
from penstock.data.fences import pass_fence
from penstock.data.files import FileSink
from penstock.data.manifest import Manifest, OutputEntry, encode_manifest, format_of
from penstock.data.naming import DIGESTED
from penstock.data.places import GATE, address_key, number_of, numbered_key, version_name
from penstock.data.plain import is_json_text
from penstock.data.reading import Reader
from penstock.data.writing import ValueWriter, Written, parts_entry
from penstock.data.yielded import publish_part
from penstock.model.errors import FenceError, ProductMissingError, ValueRefusedError
from penstock.model.messages import TestOutcome
from penstock.model.product import Address, Fence, Items, Lineage, OutputSummary, ProductRef

if TYPE_CHECKING:
    from typing import Self

Step = Callable[[str], None]
"""Told the name of each step of publishing just before it is done; tests end the process there."""


def _no_step(_: str) -> None:
    """The step of everyone but tests."""


class Draft:
    """Stores outputs and publishes them as one version.

    As a context manager it gives up what was not published.

    Args:
        backend: where the store is.
        address: of which block the outputs are.
        fence: the right to publish.
        allow_pickle: whether what has no exact form may be pickled.
        step: told before each step of publishing.
    """

    def __init__(
        self, backend: Backend, address: Address, fence: Fence, *, allow_pickle: bool = False, step: Step = _no_step
    ) -> None:
        if not is_json_text(f"{address}{fence.run}"):
            raise ValueRefusedError(
                f"storing outputs of {str(address)!r}: UTF-8 cannot hold that name",
                hint="Rename the block or pipeline.",
            )
        self._backend = backend
        self._address = address
        self._fence = fence
        self._step = step
        self._folder = address_key(address)
        self._files = FileSink(backend, f"{self._folder}/d/{os.urandom(16).hex()}")
        self._allow_pickle = allow_pickle
        self._writer = ValueWriter(backend, self._files, allow_pickle=allow_pickle)
        self._outputs: list[OutputEntry] = []
        self._open = True
        self._read = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def add(self, value: object, name: str | None = None, *, load_as: str | None = None) -> OutputSummary:
        """Store one output.

        Args:
            value: any value that a codec knows; an iterator is taken as parts.
            name: of the output; `output_<n>` when it is None.
            load_as: `pandas` to have an Arrow table read back as a pandas frame.

        Returns:
            What is told about it.

        Raises:
            ValueRefusedError: the value would not survive exactly; the message says why.
            StorageError: the place refused; nothing half-written is left.
        """
        if isinstance(value, types.GeneratorType) or _is_bare_iterator(value):
            return self.add_parts(value, name)  # type: ignore[arg-type]
        name = self._name(name)
        before = self._files.own_bytes()
        written = self._writer.write(value, name, load_as=load_as)
        return self._append(written.entry(name, self._files.own_bytes() - before))

    def add_given(self, given: list[object], name: str | None = None, *, load_as: str | None = None) -> OutputSummary:
        """Store the one value of a list, which is emptied unless it was refused at once; as `add`.

        Whoever has no other reference to it lets a large table be freed column by column while it is stored.
        """
        if isinstance(given[0], types.GeneratorType) or _is_bare_iterator(given[0]):
            return self.add(given.pop(), name, load_as=load_as)
        name = self._name(name)
        before = self._files.own_bytes()
        written = self._writer.write_given(given, name, load_as=load_as)
        return self._append(written.entry(name, self._files.own_bytes() - before))

    def add_parts(
        self,
        parts: Iterable[object],
        name: str | None = None,
        *,
        heard: Callable[[object, Written], None] | None = None,
    ) -> OutputSummary:
        """Store an output that comes in parts, each as it comes.

        Frames of one library, columns and types come back as one frame, its rows numbered anew when every part was
        numbered from 0; anything else comes back as the list of the parts.

        Args:
            parts: what to store.
            name: of the output; `output_<n>` when it is None.
            heard: told each part once it is stored, before the next one is asked for.

        Raises:
            ValueRefusedError: a part would not survive exactly.
            StorageError: the place refused.
        """
        name = self._name(name)
        before = self._files.own_bytes()
        written: list[Written] = []
        for number, part in enumerate(parts):
            written.append(self._writer.write(part, f"{name}.part_{number}"))
            if heard is not None:
                heard(part, written[-1])
        stored = [part.stored for part in written]
        joined = joined_codec(stored)
        renumber = joined == "pandas.frame" and all(plain_range(part) for part in stored)
        added = self._files.own_bytes() - before
        return self._append(parts_entry(name, written, added, joined, renumber=renumber))

    def publish_part(self, number: int, part: Written) -> None:
        """Let children read a part before the outputs are published; what was written then stays, come what may.

        Args:
            number: of the part, from 0.
            part: what `add_parts` has told.

        Raises:
            FenceError: another attempt was started; nothing is visible.
            StorageError: the place refused.
        """
        self._read = True
        publish_part(self._backend, self._address, self._fence, number, part.entry("output_0", 0), self._files)

    def value(self, name: str) -> Any:
        """An output of this draft as a later block will read it, for the tests of what came in parts.

        Raises:
            ProductMissingError: there is no output of that name.
        """
        found = [entry for entry in self._outputs if entry.summary.name == name]
        if not found:
            raise ProductMissingError(
                f"reading {name} of a draft of {self._address}: there is no such output",
                hint="Store it first.",
            )
        manifest = Manifest(
            ref=ProductRef(self._address, "draft"),
            created_at="",
            fingerprint="",
            fence=self._fence,
            lineage=Lineage(),
            outputs=tuple(self._outputs),
            checks=(),
            files=tuple(self._files.entries),
            format=format_of(self._outputs),
        )
        reader = Reader(self._backend, manifest, in_worker=True, allow_pickle=self._allow_pickle)
        return reader.value(found[0].stored, found[0].summary.columns)

    def _name(self, name: str | None) -> str:
        if not self._open:
            raise FenceError(
                f"storing an output of {self._address}: this attempt has ended", hint="Start another attempt."
            )
        taken = {entry.summary.name for entry in self._outputs}
        if name is None:
            return next(free for at in itertools.count(len(taken)) if (free := f"output_{at}") not in taken)
        if name in taken or not name or not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
            raise ValueRefusedError(
                f"storing an output under the name {name!r}: it is taken or not made of letters, digits, _ and -",
                hint="Choose another name.",
            )
        return name

    def _append(self, entry: OutputEntry) -> OutputSummary:
        self._outputs.append(entry)
        return entry.summary

    def publish(
        self,
        lineage: Lineage,
        *,
        fingerprint: str,
        checks: Sequence[TestOutcome] = (),
        items: Items | None = None,
    ) -> Manifest:
        """Make all outputs visible as one new version.

        Args:
            lineage: what they were made from.
            fingerprint: what `fingerprint(lineage)` gave.
            checks: the results of the block's tests; when one failed, the version is kept and `latest` passes it over.
            items: what its children are to be, when it is the output of a dynamic block.

        Raises:
            FenceError: another attempt was started, or this one has published; nothing is visible.
            StorageError: the place refused; nothing is visible.
            ProductMissingError: a file that the outputs refer to is gone; nothing is visible.
        """
        self._name(None)
        self._step("publish")
        with self._backend.lock(GATE, shared=True), pass_fence(self._backend, self._fence) as passage:
            self._step("fenced")
            for entry in self._files.entries:
                if self._backend.size(entry.key) != entry.size:
                    raise ProductMissingError(
                        f"publishing {self._address}: the file {entry.key} is gone", hint="Run the block again."
                    )
            manifest = self._create(lineage, fingerprint, tuple(checks), items, claim=passage.claim)
        self._step("published")
        self._end(keep=True)
        return manifest

    def _create(
        self,
        lineage: Lineage,
        fingerprint: str,
        checks: tuple[TestOutcome, ...],
        items: Items | None,
        *,
        claim: Callable[[str], None],
    ) -> Manifest:
        """Create the manifest under the next free number; another publisher may take a number before us."""
        names = self._backend.list(f"{self._folder}/m")
        number = max((number_of(name) or 0 for name in names), default=0)
        # A file of another version may be waiting to be forced as well.
        waits = any(not entry.own or entry.size >= LATER for entry in self._files.entries)
        later = waits and self._backend.durability is Durability.DEFERRED
        if self._backend.durability is Durability.POWER:
            force_others(self._backend, [entry.key for entry in self._files.entries if not entry.own])
        if not names and DIGESTED in self._folder:
            self._write_address()
        while True:
            number += 1
            manifest = Manifest(
                ref=ProductRef(self._address, version_name(number, fingerprint)),
                created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
                fingerprint=fingerprint,
                fence=self._fence,
                lineage=lineage,
                outputs=tuple(self._outputs),
                checks=checks,
                files=tuple(self._files.entries),
                format=format_of(self._outputs),
                items=items,
                boot=this_boot() if later else "",
            )
            content = encode_manifest(manifest)
            key = numbered_key(self._folder, number)
            self._step("claim")
            claim(key)
            self._step("link")
            if self._backend.put_if_absent(key, content, later=later):
                return manifest

    def _write_address(self) -> None:
        import msgspec

        names = {"pipeline": self._address.pipeline, "block": self._address.block, "partition": self._address.partition}
        content = msgspec.json.encode({key: name.encode("utf-8", "surrogatepass").hex() for key, name in names.items()})
        self._backend.put_if_absent(f"{self._folder}/address.json", content)

    def abandon(self) -> None:
        """Give up what was not published and remove it; does nothing after publication."""
        self._end(keep=False)

    def _end(self, *, keep: bool) -> None:
        if self._open:
            self._open = False
            self._files.close(keep=keep or self._read)


def _is_bare_iterator(value: object) -> bool:
    """Whether it is an iterator and nothing else, such as `map` or `zip` give; a file or cursor is more."""
    return isinstance(value, Iterator) and type(value).__module__ in {"builtins", "itertools"}
