"""Variables of pipelines, and outputs of blocks by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from penstock.model.errors import ProductMissingError, UnsupportedError
from penstock.model.messages import AskKind
from penstock.model.product import Address, ProductRef
from penstock.sdk.context import current
from penstock.sdk.requests import ask


def get_variable(
    pipeline_uuid: str, block_uuid: str, key: str = "output_0", partition: str | None = None, **_options: Any
) -> Any:
    """An output of a block, from the latest version that was published.

    Args:
        pipeline_uuid: the pipeline.
        block_uuid: the block.
        key: the output's name: output_0, output_1, ...
        partition: the partition; the block's own when it is None, or what the block was told as `execution_partition`.
        _options: accepted and ignored.

    Raises:
        ProductMissingError: the block has no output, or none of that name.
    """
    return outputs_of(pipeline_uuid, block_uuid, partition, [key])[0]


def outputs_of(
    pipeline_uuid: str, block_uuid: str, partition: str | None = None, names: list[str] | None = None
) -> list[Any]:
    """The named outputs of a block's latest version, all of them when no names are given.

    Raises:
        ProductMissingError: the block has no output, or none of such a name.
    """
    from penstock.connect.sql.stored import value_of
    from penstock.data import ProductStore

    context = current()
    address = Address(pipeline_uuid, block_uuid, context.partition_of(partition))
    store = ProductStore(context.data_root, worker=True, allow_pickle=context.allow_pickle)
    manifest = store.latest(address)
    if manifest is None:
        raise ProductMissingError(
            f"reading the output of {address}: it has not been published yet",
            hint=f"Run it first: penstock run {context.project} {pipeline_uuid} --block-uuid {block_uuid}",
        )
    known = [summary.name for summary in manifest.summaries()]
    for name in names or ():
        if name not in known:
            raise ProductMissingError(
                f"reading {name} of {address}: its outputs are {', '.join(known) or 'none'}",
                hint="Use the name of an output that the block has.",
            )
    return [value_of(store, manifest.ref, name) for name in (known if names is None else names)]


def newest_outputs(pipeline_uuid: str, block_uuid: str, count: int) -> list[tuple[str, dict[str, str]]]:
    """The newest good versions of a block, of whatever partition: when each was made, and how `output_at` finds it.

    Args:
        pipeline_uuid: the pipeline.
        block_uuid: the block.
        count: how many at most; 0 is all of them.

    Raises:
        ProductMissingError: the block has no output.
    """
    from penstock.data import ProductStore

    context = current()
    store = ProductStore(context.data_root, worker=True, allow_pickle=context.allow_pickle)
    places = [place for place in store.addresses(pipeline_uuid) if place.block == block_uuid]
    found = [manifest for place in places for manifest in store.versions(place) if manifest.good and manifest.outputs]
    if not found:
        raise ProductMissingError(
            f"reading the outputs of {block_uuid} of pipeline {pipeline_uuid}: there are none",
            hint="Let the block return something, or leave it out of the data product's settings.",
        )
    found.sort(key=lambda manifest: manifest.created_at, reverse=True)
    return [
        (manifest.created_at, {**asdict(manifest.ref.address), "version": manifest.ref.version})
        for manifest in (found[:count] if count else found)
    ]


def output_at(reference: Mapping[str, str]) -> Any:
    """What a version holds: its output, or the list of them when it has several. Raises ProductMissingError."""
    from penstock.connect.sql.stored import value_of
    from penstock.data import ProductStore

    context = current()
    store = ProductStore(context.data_root, worker=True, allow_pickle=context.allow_pickle)
    address = Address(reference["pipeline"], reference["block"], reference["partition"])
    return value_of(store, ProductRef(address, reference["version"]))


def get_global_variable(pipeline_uuid: str, key: str) -> Any:
    """The value of a variable of a pipeline's metadata.yaml; None when there is none of that name."""
    return ask(
        AskKind.GET_VARIABLE,
        f"reading the variable {key} of pipeline {pipeline_uuid}",
        {"pipeline_uuid": pipeline_uuid, "key": key},
    )


def get_global_variables(pipeline_uuid: str, **_options: Any) -> dict[str, Any]:
    """All variables of a pipeline's metadata.yaml."""
    found = ask(
        AskKind.GET_VARIABLE, f"reading the variables of pipeline {pipeline_uuid}", {"pipeline_uuid": pipeline_uuid}
    )
    return dict(found or {})


def set_global_variable(pipeline_uuid: str, key: str, value: Any, repo_path: str | None = None) -> None:
    """Set a variable in a pipeline's metadata.yaml; the value is text, a number, a boolean, None, a list or a dict."""
    del repo_path
    ask(
        AskKind.SET_VARIABLE,
        f"setting the variable {key} of pipeline {pipeline_uuid}",
        {"pipeline_uuid": pipeline_uuid, "key": key, "value": value},
    )


def delete_global_variable(pipeline_uuid: str, key: str, repo_path: str | None = None) -> None:
    """Remove a variable from a pipeline's metadata.yaml."""
    del repo_path
    ask(
        AskKind.SET_VARIABLE,
        f"removing the variable {key} of pipeline {pipeline_uuid}",
        {"pipeline_uuid": pipeline_uuid, "key": key, "delete": True},
    )


def clean_variables(pipeline_uuid: str | None = None) -> None:
    """Refused: block code cannot delete data products.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError(
        f"cleaning the data products of {pipeline_uuid or 'all pipelines'}: block code cannot delete them",
        hint="Run `penstock clean`.",
    )


class VariableManager:
    """Mage's way to outputs as an object; the arguments are accepted and ignored, as there is one project."""

    def __init__(self, repo_path: str | None = None, variables_dir: str | None = None) -> None:
        del repo_path, variables_dir

    def get_variable(self, pipeline_uuid: str, block_uuid: str, variable_uuid: str = "output_0", **options: Any) -> Any:
        """An output of a block; see `get_variable`."""
        return get_variable(pipeline_uuid, block_uuid, variable_uuid, **options)
