"""Rules whose findings come up while a project or a pipeline is read."""

from __future__ import annotations

from penstock.config.diagnostics import Severity
from penstock.project.rule import Rule


class FileUnreadable(Rule):
    """A project file cannot be read as YAML: syntax, encoding, a forbidden tag, or no permission.

    The file counts as absent; the rest of the project goes on working. Correct it at the place that is named.
    """

    code, severity = "PS001", Severity.ERROR


class DuplicateKey(Rule):
    """A key stands twice in one map. The last one counts, as in Mage; the first is silently without effect.

    Remove the one that is not meant.
    """

    code, severity = "PS002", Severity.WARNING


class OddValue(Rule):
    """A value has the shape of a date or number and is none, such as 2020-02-31. It is read as text. Quote it."""

    code, severity = "PS003", Severity.WARNING


class NoProjectFile(Rule):
    """The folder has pipelines and no metadata.yaml. It opens as a project with default settings."""

    code, severity = "PS004", Severity.INFO


class SettingIgnored(Rule):
    """A setting of the project's metadata.yaml has a wrong type or value. Its default is used instead."""

    code, severity = "PS005", Severity.WARNING


class ProjectTemplate(Rule):
    """The template in a project file does not render. The file counts as empty until it is corrected."""

    code, severity = "PS006", Severity.ERROR


class WrongShape(Rule):
    """Something in a pipeline is not of the shape it must have: a list, a map, a text. That part is left out."""

    code, severity = "PS010", Severity.ERROR


class UnknownBlockType(Rule):
    """A block has a type that this version does not know. It loads, is kept as it is, and does not run."""

    code, severity = "PS011", Severity.WARNING


class UnknownLanguage(Rule):
    """A block has a language that this version does not know. It loads, is kept as it is, and does not run."""

    code, severity = "PS012", Severity.WARNING


class MissingType(Rule):
    """A block or pipeline has no type. It is taken from the block's folder or decorator; write it into the file."""

    code, severity = "PS013", Severity.WARNING


class MissingBlockFile(Rule):
    """The code of a block is nowhere: not at the path that the pipeline names, nor in the folder of its type.

    The block cannot run; the others of the pipeline can.
    """

    code, severity = "PS014", Severity.ERROR


class ForeignPath(Rule):
    """A path of another machine, or of another name of the project, stands in a file.

    When the same file is found inside this project, it is used. Write the path relative to the project.
    """

    code, severity = "PS015", Severity.WARNING


class PathOutside(Rule):
    """A block names a file outside the project. It is not opened; move the file into the project."""

    code, severity = "PS016", Severity.ERROR


class NumberAsText(Rule):
    """Text stands where a number belongs. It is read as the number it spells; what spells none is ignored."""

    code, severity = "PS017", Severity.WARNING


class OneSidedEdge(Rule):
    """An edge between two blocks is written on one side only.

    `upstream_blocks` decides. When a block lacks that key altogether, its upstreams are taken from the
    `downstream_blocks` of others, in their order. Write both sides.
    """

    code, severity = "PS018", Severity.WARNING


class UnknownUpstream(Rule):
    """A block names an upstream that is not in the pipeline. It fails until the edge is removed; others run."""

    code, severity = "PS019", Severity.ERROR


class DuplicateBlock(Rule):
    """Two blocks of one pipeline have the same uuid. The last one counts, as in Mage. Rename or remove one."""

    code, severity = "PS021", Severity.ERROR
