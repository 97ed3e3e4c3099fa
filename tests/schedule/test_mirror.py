"""Whatever stands in an entry, it is read, mirrored and shown, or refused in words: nothing else is raised."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.model.errors import FileInvalidError
from penstock.model.trigger import TriggerKind
from penstock.model.trigger_definition import from_definition, to_definition
from penstock.model.trigger_words import in_words
from penstock.project.trigger_entry import KEYS, SETTINGS
from penstock.project.triggers import entries_of
from penstock.project.yaml_text import parse_yaml
from penstock.schedule.mirror import Moment, mirrored

NOW = 1711800001.0
_texts = st.sampled_from(
    [
        *(
            "",
            " ",
            "@daily",
            "@once",
            "@always_on",
            "0 0 30 2 *",
            "*/5 * * * *",
            "0 0 * * 1#5",
            "active",
            "inactive",
            "all",
        ),
        *(
            "none",
            "last",
            "skip",
            "wait",
            "Europe/Paris",
            "UTC",
            "Mars",
            "../x",
            "2024-02-30",
            "2024-01-01",
            "0001-01-01",
        ),
        *("9999-12-31 23:59:59", "time", "api", "event", "dependency", "failed", "nan", "-1", "1e400", "\0", "x" * 300),
    ]
)
_plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    _texts,
    st.text(max_size=8),
    st.dates(),
    st.datetimes(),
)
_values = st.recursive(
    _plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.text(max_size=5), st.integers()), inner, max_size=3)
    ),
    max_leaves=6,
)
_likely = {
    "schedule_type": st.sampled_from([each.value for each in TriggerKind]),
    "schedule_interval": _texts,
    "status": st.sampled_from(["active", "inactive", True, 1]),
}
_settings = st.dictionaries(st.sampled_from(sorted(SETTINGS)), _values, max_size=6)
_entry = st.fixed_dictionaries(
    {},
    optional={
        key: st.one_of(_likely.get(key, _values), _values, *([_settings] if key == "settings" else []))
        for key in sorted(KEYS)
    },
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_entry, min_size=1, max_size=2))
def test_any_entry_is_read_mirrored_and_said(entries: list[dict[str, Any]]) -> None:
    for number, entry in enumerate(entries):
        entry.setdefault("name", f"t{number}")
    try:
        document = parse_yaml(yaml.safe_dump({"triggers": entries}, allow_unicode=True), "triggers.yaml")
    except FileInvalidError:  # a text that YAML itself cannot hold
        return
    found, findings = entries_of(document, "orders")
    assert all(each.message and each.hint for each in findings)
    for entry in found.values():
        assert entry.problem == "" or any(entry.problem.split(";")[0] in each.message for each in findings)
        first = mirrored(entry, None, Moment(NOW, "dev", "1.1"), timedelta(0))
        again = mirrored(entry, first, Moment(NOW + 86_400, "dev", "1.2"), timedelta(minutes=5))
        stored = json.loads(json.dumps(again.definition))
        trigger = from_definition(stored)
        assert in_words(trigger) == in_words(entry.trigger)
        assert {**to_definition(trigger)} == {key: stored[key] for key in to_definition(trigger)} or _has_nan(stored)
        if again.problem or not again.active:
            assert again.next_due_at is None


def _has_nan(value: Any) -> bool:
    return "NaN" in json.dumps(value)
