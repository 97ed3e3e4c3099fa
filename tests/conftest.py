"""What all tests share: the real servers that they run against, and what is shown of a failure."""

from __future__ import annotations

import contextlib
import itertools
import signal
from collections.abc import Callable, Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import logs
from tests.servers import PostgresServer, postgres
from tests.wire import Wire

# A busy machine is no fault, and the same tests are made each time; `--hypothesis-profile=search` looks for new ones.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=2000)
settings.register_profile("steady", settings.get_profile("search"), max_examples=100, derandomize=True)
settings.load_profile("steady")

# A shell starts what runs in the background deaf to Ctrl-C, and `nohup` to the end of the terminal; what that starts is
# deaf too: tests send both.
for _number, _heard in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        with contextlib.suppress(ValueError):  # not the main thread: this one starts no processes
            signal.signal(_number, _heard)

_NUMBERS = itertools.count(1)


_LONG = (
    "tests/walks/",
    "tests/journeys/",
    "tests/server/attacks/",
    "tests/server/runs/",
    "tests/schedule/test_simulation.py",
)
"""Files that take long: they come first, so that no processor waits at the end for the other to be done with one."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """What servers log from now on belongs to the test that begins."""
    logs.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what servers have logged meanwhile."""
    report = yield
    if report.failed:
        report.sections += [(f"Log of {log}", text) for log, text in logs.grown()]
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL of this test process; starting it takes a second."""
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> str:
    """The name of an empty database of that server."""
    import psycopg

    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(
        host=postgres_server.host,
        port=postgres_server.port,
        user=postgres_server.user,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return name


@pytest.fixture
def postgres_profile(postgres_server: PostgresServer, postgres_database: str) -> Callable[..., dict[str, object]]:
    """Makes the keys of an io_config profile for an empty database."""
    return lambda **more: {**postgres_server.profile(postgres_database), **more}


@pytest.fixture
def wire(postgres_server: PostgresServer) -> Iterator[Wire]:
    made = Wire(postgres_server.port)
    yield made
    made.cut()
