"""The catalogue of data products, from manifests alone; no table library is imported here."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

from penstock.data import Manifest, ProductStore
from penstock.data.places import manifest_key, version_number
from penstock.model.errors import PenstockError, ProductMissingError
from penstock.model.product import Address, OutputSummary, ProductRef
from penstock.server.schema import products as schema

KEPT = 8 << 20
"""Bytes of manifests that are kept decoded, as they lie in their files; a version never changes."""

LISTED_COLUMNS = 100
"""Columns of an output in the list of all products."""

MANY = 2_000
"""Products from which on their number is kept for a while: all folders are gone through to count them."""

COUNTED_FOR = 10.0
"""Seconds for which it is kept."""

VERSIONS = 200
"""Versions of a product that are told, the newest ones."""


class Catalog:
    """What is stored, for showing.

    Args:
        store: where it is.
        many: from how many on their number is kept for a while.
        clock: seconds that only go on.
    """

    def __init__(self, store: ProductStore, *, many: int = MANY, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._many = many
        self._clock = clock
        self._counted = (0, 0.0)
        self._kept: OrderedDict[tuple[Address, int], tuple[int | None, Manifest]] = OrderedDict()
        self._lock = Lock()

    def products(self, pipeline: str | None, text: str) -> list[schema.ProductSummary]:
        """All products of a pipeline or of all, the newest first; those that cannot be read say why."""
        found = [self._summary(address) for address in self._store.addresses(pipeline)]
        wanted = [one for one in found if one is not None and _matches(one, text.strip().lower())]
        return sorted(wanted, key=lambda one: (-one.at, one.pipeline, one.block))

    def count(self) -> int:
        """How many products there are; of very many, how many there were at most ten seconds ago."""
        number, until = self._counted
        if self._clock() >= until:
            number = sum(1 for _ in self._store.addresses())
            self._counted = (number, self._clock() + COUNTED_FOR if number >= self._many else 0.0)
        return number

    def detail(self, address: Address, version: str) -> schema.ProductDetail:
        """A product with all its versions; `version` chooses the one that is told in full.

        Raises:
            ProductMissingError: there is no such product or version.
            ProductCorruptError: the chosen version cannot be read.
        """
        numbers = self._store.numbers(address)
        if not numbers:
            raise ProductMissingError(
                f"reading the product {address}: nothing is stored yet", hint="Run the block to store its output."
            )
        versions = [self._version(address, number) for number in numbers[:VERSIONS]]
        chosen = self._chosen(address, version)
        lineage = chosen.lineage
        return schema.ProductDetail(
            address=_address(address),
            partitions=self._partitions(address),
            versions=[one for one in versions if one is not None],
            versions_total=len(numbers) - versions.count(None),
            latest=_detail(chosen),
            lineage=schema.ProductLineage(
                code=[schema.CodeFile(path, sha) for path, sha in lineage.code.items()],
                inputs=[_input(ref) for ref in lineage.inputs],
                variables=_plain(lineage.variables),
                environment=lineage.environment,
            ),
            upstream=list(dict.fromkeys(_address(ref.address) for ref in lineage.inputs)),
            downstream=self._readers(address),
        )

    def _chosen(self, address: Address, version: str) -> Manifest:
        if version:
            return self._manifest(address, version_number(version) or 0, version)
        return self._newest(address)[0]

    def _newest(self, address: Address) -> tuple[Manifest, int]:
        """The newest good version, else the newest; and how many there are.

        The newest numbers may be of versions that do not count: the machine stopped before they were safe on the disk.
        """
        numbers = self._store.numbers(address)
        first: Manifest | None = None
        gone = 0
        for number in numbers:
            manifest = self._found(address, number)
            if manifest is None:
                gone += 1
            elif manifest.good:
                return manifest, len(numbers) - gone
            first = first or manifest
        if first is None:
            raise ProductMissingError(f"reading the product {address}: its versions are gone", hint="Run the block.")
        return first, len(numbers) - gone

    def _manifest(self, address: Address, number: int, version: str) -> Manifest:
        found = self._found(address, number)
        if found is None or found.ref.version != version:
            raise ProductMissingError(
                f"reading version {version} of {address}: there is no such version",
                hint="It may have been cleaned; open the newest one.",
            )
        return found

    def _found(self, address: Address, number: int) -> Manifest | None:
        with self._lock:
            size, known = self._kept.get((address, number), (None, None))
        # One that has been cleaned or damaged must not be shown for having been read once.
        now = self._store.backend.size(manifest_key(address, number))
        found = known if known is not None and size == now else self._store.numbered(address, number)
        if found is None:
            return None
        with self._lock:
            self._kept[address, number] = (now, found)
            self._kept.move_to_end((address, number))
            while sum(size or 0 for size, _ in self._kept.values()) > KEPT and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return found

    def _summary(self, address: Address) -> schema.ProductSummary | None:
        numbers = self._store.numbers(address)
        if not numbers:
            return None
        try:
            manifest, count = self._newest(address)
        except ProductMissingError:
            return None
        except PenstockError as error:
            return _unreadable(address, len(numbers), error)
        if "chart_type" in manifest.lineage.settings:
            return None  # what a chart's code has drawn is no product of the pipeline
        outputs = [_listed(summary) for summary in manifest.summaries()]
        return schema.ProductSummary(
            pipeline=address.pipeline,
            block=address.block,
            partition=address.partition,
            version=manifest.ref.version,
            versions=count,
            kind=outputs[0].kind if outputs else "nothing",
            outputs=outputs,
            rows=outputs[0].rows if outputs else None,
            bytes=sum(output.bytes for output in outputs),
            at=_seconds(manifest),
            run=manifest.lineage.run,
            good=manifest.good,
        )

    def _version(self, address: Address, number: int) -> schema.VersionSummary | None:
        try:
            manifest = self._found(address, number)
        except PenstockError as error:
            return schema.VersionSummary(f"{number:08d}", number, 0.0, "", None, 0, good=False, error=error.message)
        if manifest is None:
            return None
        outputs = manifest.summaries()
        return schema.VersionSummary(
            version=manifest.ref.version,
            number=number,
            at=_seconds(manifest),
            run=manifest.lineage.run,
            rows=outputs[0].rows if outputs else None,
            bytes=sum(output.bytes for output in outputs),
            good=manifest.good,
        )

    def _partitions(self, address: Address) -> list[str]:
        same = [one for one in self._store.addresses(address.pipeline) if one.block == address.block]
        return sorted(one.partition for one in same)

    def _readers(self, address: Address) -> list[schema.ProductAddress]:
        """The products of the pipeline whose newest version was made from this one."""
        found = []
        for other in self._store.addresses(address.pipeline):
            try:
                manifest, _ = self._newest(other)
            except PenstockError:
                continue
            if any(ref.address == address for ref in manifest.lineage.inputs):
                found.append(_address(other))
        return sorted(found, key=lambda one: one.block)


def _address(address: Address) -> schema.ProductAddress:
    return schema.ProductAddress(address.pipeline, address.block, address.partition)


def _input(ref: ProductRef) -> schema.InputProduct:
    return schema.InputProduct(ref.address.pipeline, ref.address.block, ref.address.partition, ref.version)


def _seconds(manifest: Manifest) -> float:
    try:
        return datetime.fromisoformat(manifest.created_at).timestamp()
    except ValueError:
        return 0.0


def _plain(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables as JSON can hold them."""
    from penstock.data.statistics import json_safe

    return {name: json_safe(value) for name, value in variables.items()}


def output_detail(summary: OutputSummary) -> schema.OutputDetail:
    """What is told about an output."""
    columns = [
        schema.ColumnDetail(one.name, one.type, one.nulls, one.minimum, one.maximum, one.distinct, one.exact)
        for one in summary.columns
    ]
    return schema.OutputDetail(
        summary.name, summary.kind.value, summary.codec, summary.rows, summary.bytes, columns, summary.preview
    )


def _listed(summary: OutputSummary) -> schema.OutputDetail:
    """What the list of all products tells of an output: no preview, and not thousands of columns."""
    return output_detail(replace(summary, preview=None, columns=summary.columns[:LISTED_COLUMNS]))


def _detail(manifest: Manifest) -> schema.VersionDetail:
    outputs = [output_detail(summary) for summary in manifest.summaries()]
    return schema.VersionDetail(
        version=manifest.ref.version,
        number=version_number(manifest.ref.version) or 0,
        at=_seconds(manifest),
        run=manifest.lineage.run,
        rows=outputs[0].rows if outputs else None,
        bytes=sum(output.bytes for output in outputs),
        good=manifest.good,
        outputs=outputs,
    )


def _unreadable(address: Address, versions: int, error: PenstockError) -> schema.ProductSummary:
    return schema.ProductSummary(
        pipeline=address.pipeline,
        block=address.block,
        partition=address.partition,
        version="",
        versions=versions,
        kind="object",
        outputs=[],
        rows=None,
        bytes=0,
        at=0.0,
        run="",
        good=False,
        error=error.message,
    )


def _matches(product: schema.ProductSummary, text: str) -> bool:
    if not text or text in f"{product.pipeline}/{product.block}".lower():
        return True
    return any(text in column.name.lower() for output in product.outputs for column in output.columns)
