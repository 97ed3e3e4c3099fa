"""What the walks share."""

from __future__ import annotations

import pytest

from tests.walks.fan_project import Fan


@pytest.fixture
def fan(tmp_path) -> Fan:
    return Fan(tmp_path)
