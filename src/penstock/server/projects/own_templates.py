"""Makes, changes and deletes the templates that a project keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from msgspec import UNSET

from penstock.model.block import EXTENSIONS
from penstock.model.errors import EditRefusedError, FileInvalidError, PathRefusedError
from penstock.project.layout import METADATA
from penstock.project.templates import own
from penstock.project.templates.template import Source, Template
from penstock.project.text_file import read_text
from penstock.project.yaml_edit import copy_data, update
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects import block_names as names
from penstock.server.projects.deleting import Deleting, Deletion
from penstock.server.projects.detail import block_text
from penstock.server.projects.parts import Parts, must_find
from penstock.server.projects.template_shelf import TemplateShelf
from penstock.server.schema.templates import NewPipelineTemplate, NewTemplate, TemplateChanges


@dataclass(frozen=True, slots=True)
class OwnTemplates:
    """Changes the files below `custom_templates/`.

    Args:
        parts: the files.
        shelf: finds templates.
        deleting: where deletions go.
    """

    parts: Parts
    shelf: TemplateShelf
    deleting: Deleting

    def create(self, new: NewTemplate) -> Template:
        """Keep a block, or given code, as a template.

        Raises:
            EditRefusedError: the name is taken or is none.
            UnsupportedError: there is no such type or language.
            BlockNotFoundError, PipelineNotFoundError: there is no such block.
            FileInvalidError: the block's text cannot be read.
            StorageError: the disk refuses.
        """
        if new.pipeline is not None and new.block is not None:
            new = self._from_block(new, new.pipeline, new.block)
        kind = names.type_named(new.block_type)
        language = names.language_named(new.language, kind)
        folder = self._free_folder(new.name, own.block_folder())
        data = {
            "block_type": kind.value,
            "color": new.color,
            "configuration": new.configuration,
            "description": new.description or None,
            "language": language.value,
            "name": new.name.strip(),
            "pipeline": {},
            "tags": new.tags,
        }
        with self.parts.lock:
            place = f"{own.block_folder()}/{folder}"
            self.parts.contents.save(f"{place}/{folder}.{EXTENSIONS[language]}", new.content, None)
            self.parts.contents.save(f"{place}/{METADATA}", _yaml(data), None)
        return self.shelf.find(own.PREFIX + folder)

    def change(self, template: str, changes: TemplateChanges) -> Template:
        """Change what is given; the folder, and so the id, stays.

        Raises:
            EditRefusedError: it is no template of the project.
            ConflictError: its code is not what was seen.
            FileMissingError, FileInvalidError, StorageError: as they say.
        """
        found = self._own(template)
        with self.parts.lock:
            if changes.content is not UNSET:
                self.parts.contents.save(found.file, changes.content, changes.revision)
            wanted = {
                key: value
                for key in ("name", "description", "color", "tags", "configuration")
                if (value := getattr(changes, key)) is not UNSET
            }
            if wanted:
                self._change_metadata(f"{own.block_folder()}/{template.removeprefix(own.PREFIX)}/{METADATA}", wanted)
        return self.shelf.find(template)

    def delete(self, template: str) -> Deletion:
        """Move a template's folder to the trash. Raises as `change`."""
        self._own(template)
        return self._delete(f"{own.block_folder()}/{template.removeprefix(own.PREFIX)}")

    def keep_pipeline(self, new: NewPipelineTemplate) -> str:
        """Keep a pipeline as a template; its id. Its blocks' files are shared by what is made from it.

        Raises:
            EditRefusedError: the name is taken or is none.
            PipelineNotFoundError, FileInvalidError, StorageError: as they say.
        """
        reading = self.parts.project().read(new.pipeline)
        folder = self._free_folder(new.name, own.pipeline_folder())
        data = {
            "description": new.description or None,
            "name": new.name.strip(),
            "pipeline": copy_data(reading.document.data),
            "tags": new.tags,
        }
        with self.parts.lock:
            self.parts.contents.save(f"{own.pipeline_folder()}/{folder}/{METADATA}", _yaml(data), None)
        return own.PREFIX + folder

    def delete_pipeline(self, template: str) -> Deletion:
        """Move a pipeline template's folder to the trash. Raises as `change`."""
        if not template.startswith(own.PREFIX):
            raise _not_own(template)
        folder = template.removeprefix(own.PREFIX)
        own.own_pipeline(self.parts.root, folder)
        return self._delete(f"{own.pipeline_folder()}/{folder}")

    def _own(self, template: str) -> Template:
        found = self.shelf.find(template)
        if found.source is not Source.PROJECT:
            raise _not_own(template)
        return found

    def _delete(self, place: str) -> Deletion:
        return self.deleting.paths([self.parts.resolver.for_writing(place).relative])

    def _from_block(self, new: NewTemplate, pipeline: str, uuid: str) -> NewTemplate:
        block = must_find(self.parts.project().read(pipeline), uuid)
        text = block_text(self.parts.resolver, block)
        if text.content is None:
            raise FileInvalidError(
                f"keeping block {uuid} as a template: {text.problem}", hint="Mend the block's file first."
            )
        configuration = {key: value for key, value in block.configuration.items() if key not in names.FILE_KEYS}
        return NewTemplate(
            name=new.name,
            description=new.description,
            color=new.color or block.color,
            tags=new.tags,
            block_type=block.type.value,
            language=block.language.value,
            content=text.content,
            configuration={**configuration, **new.configuration},
        )

    def _free_folder(self, name: str, below: str) -> str:
        folder = own.template_folder(name)
        try:
            place = self.parts.resolver.for_writing(f"{below}/{folder or '.'}")
        except PathRefusedError as error:
            raise EditRefusedError(
                f"keeping a template: {name[:60]!r} gives no name for a folder", hint="Use letters and digits."
            ) from error
        if place.path.exists():
            raise EditRefusedError(
                f"keeping a template: the project has one in {below}/{folder}", hint="Choose another name."
            )
        return folder

    def _change_metadata(self, path: str, wanted: Mapping[str, Any]) -> None:
        """Set keys of a template's metadata.yaml; comments and other keys stay."""
        file = read_text(self.parts.resolver.for_writing(path).path)
        data = copy_data(parse_yaml(file.text, path).data)
        if not isinstance(data, dict):
            raise FileInvalidError(f"changing {path}: it holds no map", hint="Mend the file first.")
        data.update(copy_data(dict(wanted)))
        self.parts.contents.save(path, update(file.text, data, path), file.revision)


def _not_own(template: str) -> EditRefusedError:
    return EditRefusedError(
        f"changing the template {template[:80]!r}: it comes with Penstock",
        hint="Make a block from it, change that, and keep the block as a template of the project.",
    )


def _yaml(data: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True)
    return text
