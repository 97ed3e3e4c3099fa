"""The store of data products: issue fences, draft and publish, find versions, read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.data import deferral, yielded
from penstock.data.backend import Backend, Durability
from penstock.data.draft import Draft
from penstock.data.fences import issue_fence
from penstock.data.local import LocalBackend
from penstock.data.manifest import Manifest, OutputEntry, decode_manifest
from penstock.data.naming import quote, unquote
from penstock.data.places import PRODUCTS, address_key, manifest_key, number_of, version_number
from penstock.data.reading import Reader
from penstock.model.errors import ProductCorruptError, ProductMissingError
from penstock.model.product import Address, Fence, ProductRef, part_of

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.retention import CleanPolicy, CleanReport


class ProductStore:
    """The versions of every block's outputs.

    Args:
        root: the folder of the store; it is made when something is written.
        allow_pickle: store what has no exact form as a pickle, and read such back (in workers only).
        worker: this process runs users' code, so that models (and pickles, where allowed) may be read.
        durability: what a publication survives.
        backend: where the store is, when it is no local folder.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        allow_pickle: bool = False,
        worker: bool = False,
        durability: Durability = Durability.POWER,
        backend: Backend | None = None,
    ) -> None:
        self.root = Path(root)
        self.backend: Backend = backend if backend is not None else LocalBackend(self.root, durability)
        self._allow_pickle = allow_pickle
        self._worker = worker

    def issue_fence(self, run: str, block: str) -> Fence:
        """Give the next attempt of a block in a run the right to publish; every earlier one loses it.

        Raises:
            StorageError: the place refused.
        """
        return issue_fence(self.backend, run, block)

    def draft(self, address: Address, fence: Fence, *, step: Callable[[str], None] | None = None) -> Draft:
        """Start storing the outputs of one attempt.

        Args:
            address: of which block they are.
            fence: the right to publish them.
            step: told the name of each step of publishing; for tests.
        """
        extra: dict[str, Any] = {} if step is None else {"step": step}
        return Draft(self.backend, address, fence, allow_pickle=self._allow_pickle, **extra)

    def numbers(self, address: Address) -> list[int]:
        """The numbers of all versions, newest first; costs the listing of one folder."""
        names = self.backend.list(f"{address_key(address)}/m")
        return sorted((number for name in names if (number := number_of(name)) is not None), reverse=True)

    def numbered(self, address: Address, number: int) -> Manifest | None:
        """The manifest of that number; None when it is not there, or does not count. Raises ProductCorruptError."""
        manifest = self._stored(address, number)
        return manifest if manifest is not None and deferral.counts(self.backend, manifest, number) else None

    def uncounted(self, address: Address) -> Iterator[Manifest]:
        """The versions that were made in another boot of a machine and are not forced, maybe not yet."""
        for number in self.numbers(address):
            manifest = self._stored(address, number)
            if manifest is not None and not deferral.counts(self.backend, manifest, number):
                yield manifest

    def _stored(self, address: Address, number: int) -> Manifest | None:
        key = manifest_key(address, number)
        try:
            content = self.backend.read(key)
        except FileNotFoundError:
            return None
        if deferral.was_cut_off(self.backend, content):
            return None
        return decode_manifest(content, key)

    def latest(self, address: Address) -> Manifest | None:
        """The newest version whose checks passed; None when there is none.

        Raises:
            ProductCorruptError: a newer manifest cannot be read.
        """
        for number in self.numbers(address):
            manifest = self.numbered(address, number)
            if manifest is not None and manifest.good:
                return manifest
        return None

    def versions(self, address: Address) -> list[Manifest]:
        """All versions, newest first, those with failed checks among them."""
        found = (self.numbered(address, number) for number in self.numbers(address))
        return [manifest for manifest in found if manifest is not None]

    def manifest(self, ref: ProductRef) -> Manifest:
        """The manifest of a version.

        Raises:
            ProductMissingError: there is no such version.
            ProductCorruptError: it cannot be read.
        """
        number, part = version_number(ref.version), part_of(ref.version)
        if part is not None:
            manifest = yielded.read_part(self.backend, ref, part)
        else:
            manifest = self.numbered(ref.address, number) if number is not None else None
        if manifest is None or manifest.ref != ref:
            raise ProductMissingError(
                f"reading {ref}: there is no such version", hint="It may have been cleaned; read the latest one."
            )
        return manifest

    def addresses(self, pipeline: str | None = None) -> Iterator[Address]:
        """Every address that has a version, of one pipeline or of all, in no order."""
        pipelines = [quote(pipeline)] if pipeline is not None else self.backend.list(PRODUCTS)
        for first in pipelines:
            for second in self.backend.list(f"{PRODUCTS}/{first}"):
                for third in self.backend.list(f"{PRODUCTS}/{first}/{second}"):
                    address = self._address(first, second, third)
                    if address is not None and self.numbers(address):
                        yield address

    def _address(self, *folders: str) -> Address | None:
        names = [unquote(folder) for folder in folders]
        if None not in names:
            return Address(*(name for name in names if name is not None))
        import msgspec

        from penstock.config.decoding import from_json

        key = f"{PRODUCTS}/{'/'.join(folders)}/address.json"
        try:
            fields = from_json(self.backend.read(key), dict[str, str])
            pipeline, block, partition = (
                bytes.fromhex(fields[name]).decode("utf-8", "surrogatepass")
                for name in ("pipeline", "block", "partition")
            )
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            raise ProductCorruptError(f"reading {key}: {error}", hint="Run the block again.") from error
        return Address(pipeline, block, partition)

    def load(self, ref: ProductRef, output: str | None = None) -> Any:
        """What the block returned: the single output, the list of several, None when there is none.

        Args:
            ref: the version.
            output: only that output.

        Raises:
            ProductMissingError: the version, output or a file is not there.
            ProductCorruptError: a file is not what it should be.
            ValueRefusedError: it is a pickle and may not be read here.
        """
        manifest = self.manifest(ref)
        if output is not None:
            entry = entry_of(manifest, output)
            return self.reader(manifest).value(entry.stored, entry.summary.columns)
        values = self.values(manifest)
        return values if len(values) > 1 else values[0] if values else None

    def values(self, manifest: Manifest) -> list[Any]:
        """What every output of a version holds, in order; raises as `load`."""
        reader = self.reader(manifest)
        return [reader.value(entry.stored, entry.summary.columns) for entry in manifest.outputs]

    def part(self, manifest: Manifest, number: int) -> Any:
        """One part of the output of a block that has yielded it, as it was yielded; raises as `load`."""
        return self.reader(manifest).value(manifest.outputs[0].stored.parts[number])

    def yielding(self, run: str) -> list[str]:
        """The attempts of a run that have yielded something, as `forget_parts` takes them."""
        return yielded.attempts_of(self.backend, run)

    def forget_parts(self, attempts: Iterable[str]) -> None:
        """Remove the documents of what attempts of a run that has ended have yielded.

        Raises:
            StorageError: the place refused.
        """
        yielded.forget_parts(self.backend, attempts)

    def forget_older_parts(self, before: float) -> None:
        """As `forget_parts`, of runs that nobody has come back to since then; in seconds since the epoch."""
        yielded.forget_older(self.backend, before)

    def may_defer(self) -> bool:
        """Prepare for publications that `force` forces later; False where that cannot be. Raises StorageError."""
        return deferral.announce(self.backend)

    def force(self, ref: ProductRef) -> None:
        """Force a version to the disk that was published without; does nothing for any other. Raises StorageError."""
        with suppress(ProductMissingError):
            deferral.force(self.backend, self.manifest(ref))

    def reader(self, manifest: Manifest) -> Reader:
        """Reads the values of a version."""
        return Reader(self.backend, manifest, in_worker=self._worker, allow_pickle=self._allow_pickle)

    def table(self, ref: ProductRef, output: str | None = None, *, index: bool = False) -> pa.Table:
        """A tabular output as Arrow over mapped memory, without a copy; stored again, its columns are written again.

        Args:
            ref: the version.
            output: the output's name; the first when it is None.
            index: with the columns of a pandas index that is more than row numbers.

        Raises:
            ValueRefusedError: the output is no table.
            ProductMissingError: the version or output is not there.
        """
        from penstock.data.codecs.object_view import typed
        from penstock.data.tables import output_table

        manifest = self.manifest(ref)
        reader = Reader(self.backend, manifest, in_worker=self._worker, allow_pickle=self._allow_pickle, remember=False)
        return output_table(reader, entry_of(manifest, output), index=index, objects=typed)

    def clean(self, policy: CleanPolicy) -> CleanReport:
        """Remove old versions, and what attempts that ended before publication left behind.

        Raises:
            StorageError: the place refused.
        """
        from penstock.data.retention import clean

        return clean(self, policy)


def entry_of(manifest: Manifest, output: str | None) -> OutputEntry:
    """The output of that name, the first when it is None.

    Raises:
        ProductMissingError: there is none.
    """
    name = output if output is not None else next((entry.summary.name for entry in manifest.outputs), "output_0")
    entry = manifest.output(name)
    if entry is None:
        names = ", ".join(summary.name for summary in manifest.summaries()) or "none"
        raise ProductMissingError(
            f"reading {name} of {manifest.ref}: there is no such output", hint=f"Its outputs: {names}."
        )
    return entry
