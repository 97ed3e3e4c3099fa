"""What an answer to "why is it not running?" is made of, and how its moments are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence, since when it is so (seconds since the epoch), and what would change it; None where nothing is."""

    text: str
    since: float | None = None
    change: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer in one sentence, which is that of the first reason, and everything that bears on it."""

    details: tuple[Reason, ...]

    @property
    def text(self) -> str:
        """The answer in one sentence."""
        return self.details[0].text


def moment(at: float) -> str:
    """A moment in words, in UTC."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return "a moment beyond the calendar"


def listed(names: list[str], most: int = 3) -> str:
    """Names in a sentence, the first few and how many more there are."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def counted(count: int, noun: str) -> str:
    """A number of things: 1 run, 2 runs."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
