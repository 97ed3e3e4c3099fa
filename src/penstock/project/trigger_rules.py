"""Rules whose findings come up while a triggers.yaml is read."""

from __future__ import annotations

from penstock.config.diagnostics import Severity
from penstock.project.rule import Rule


class InvalidTrigger(Rule):
    """A value in a pipeline's triggers.yaml is not one that a trigger can have. The trigger does not start.

    An empty or impossible cron expression, an unknown time zone, a start time that is no date, variables that are no
    map: it would start at another time or with other values than were meant. Other triggers go on.
    """

    code, severity = "PS040", Severity.ERROR


class DuplicateTrigger(Rule):
    """Two triggers of one pipeline have the same name. The last one counts, as in Mage. Rename or remove one."""

    code, severity = "PS043", Severity.ERROR


class IgnoredTriggerValue(Rule):
    """A setting of a trigger has a wrong type or value. Its default is used; the trigger starts all the same."""

    code, severity = "PS044", Severity.WARNING


class PlainToken(Rule):
    """A trigger's token stands in triggers.yaml, where everyone who reads the project can take it. It works.

    Remove it, and make a token in the studio or with `penstock triggers token`: only its hash is kept.
    """

    code, severity = "PS045", Severity.WARNING


class UnknownEnvironment(Rule):
    """A trigger names an environment in `envs` that Mage does not know. It is compared with ENV all the same."""

    code, severity = "PS046", Severity.WARNING


class UnknownTriggerKey(Rule):
    """A key of a trigger looks like a known one with a mistake in it. It has no effect."""

    code, severity = "PS049", Severity.WARNING
