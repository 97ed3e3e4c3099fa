"""`penstock start`: the studio in the browser."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import click

from penstock.cli.arguments import FOLDER
from penstock.cli.init import CLUSTERS
from penstock.cli.servers import Running, forget, remember, running_on
from penstock.config import environment
from penstock.model.errors import (
    EditRefusedError,
    FileInvalidError,
    PortBusyError,
    ProjectNotFoundError,
    SettingInvalidError,
    StorageError,
)
from penstock.project import Project
from penstock.project.init import TYPES, create_project, ensure_project_uuid
from penstock.project.layout import METADATA

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not listened on
INSTANCES = {
    "all": (True, True),
    "server": (True, False),
    "scheduler": (False, True),
    "server_and_scheduler": (True, True),
    "web_server": (True, False),
}
"""What `start` can start, with Mage's names too: whether it serves, and whether it schedules."""


@click.command()
@click.argument("project", default=lambda: environment.text("USER_CODE_PATH") or ".", type=FOLDER)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=lambda: int(environment.read("DATA_PREP_SERVER_PORT")),
    type=click.IntRange(0, 65535),
    help="Port, by default 6789; 0 takes a free one.",
)
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the browser.")
@click.option("--base-path", default="", metavar="PATH", help="Serve everything below this path, such as /penstock.")
@click.option(
    "--allowed-host", "hosts", multiple=True, metavar="NAME", help="A name by which the server may be called."
)
@click.option("--terminal/--no-terminal", default=True, show_default=True, help="Offer a shell in the browser.")
@click.option(
    "--instance-type",
    type=click.Choice([*INSTANCES]),
    default="all",
    show_default=True,
    metavar="all|server|scheduler",
    help="What to start: the studio and the scheduler, or one of them; INSTANCE_TYPE overrides it.",
)
@click.option("--project-type", type=click.Choice(TYPES), help="Of a project that is made now, as for `init`.")
@click.option("--cluster-type", type=click.Choice(CLUSTERS), help="Of a project that is made now, as for `init`.")
@click.option("--project-uuid", help="Of a project that is made now, as for `init`.")
@click.option("--manage-instance", hidden=True, default=None, help="Accepted for compatibility.")
@click.option("--dbt-docs-instance", hidden=True, default=None, help="Accepted for compatibility.")
def start(
    project: Path,
    host: str,
    port: int,
    base_path: str,
    hosts: tuple[str, ...],
    *,
    browser: bool,
    terminal: bool,
    instance_type: str,
    project_type: str | None,
    cluster_type: str | None,
    project_uuid: str | None,
    manage_instance: str | None,
    dbt_docs_instance: str | None,
) -> None:
    """Open PROJECT in the browser; a folder that holds none yet becomes a new project.

    Prints one address, which logs one browser in, once, within ten minutes. When the project's server runs already,
    prints another address for it. Its triggers start runs for as long as this command runs.
    """
    del manage_instance, dbt_docs_instance
    new = {"project_type": project_type, "cluster_type": cluster_type, "project_uuid": project_uuid}
    from penstock.cli.server_log import configure_server_log
    from penstock.engine.memory import share_one_heap
    from penstock.server.serving import listen

    share_one_heap()
    configure_server_log()
    for name in ("PENSTOCK_READ_ONLY", "PENSTOCK_BLOCK_MEMORY"):
        environment.read(name)  # a value that is none is refused before a project is made
    serves, schedules = INSTANCES[environment.text("INSTANCE_TYPE") or instance_type]
    if not serves:
        from penstock.cli.scheduler import run_scheduler

        run_scheduler(opened_or_new(project, new))
        return
    base = base_path_of(base_path or environment.text("PENSTOCK_BASE_PATH"))
    # Behind a proxy that takes a prefix away, or adds one, the two differ.
    seen = base_path_of(environment.text("MAGE_REQUESTS_BASE_PATH")) or base
    arrives = base_path_of(environment.text("MAGE_ROUTES_BASE_PATH")) or base
    browser = browser and not environment.flag("DISABLE_AUTO_BROWSER_OPEN")
    try:
        listener = listen(host, port)
    except PortBusyError as error:
        found = running_on(port)
        if found is None:
            raise
        if not found.is_of(project):
            raise PortBusyError(
                f"{error.message}: the studio of {found.project}, process {found.pid}", hint=error.hint
            ) from None
        _tell(found.link(), browser=browser, note="It runs already.")
        return
    try:
        root = opened_or_new(project, new)
        _serve(root, listener, host, seen, arrives, hosts, browser=browser, terminal=terminal, scheduler=schedules)
    finally:
        listener.close()


def _serve(
    root: Path,
    listener: socket.socket,
    host: str,
    base: str,
    arrives: str,
    hosts: tuple[str, ...],
    *,
    browser: bool,
    terminal: bool,
    scheduler: bool,
) -> None:
    from penstock.cli.studio import open_studio
    from penstock.engine.memory import spare_what_stays
    from penstock.server.access import Access
    from penstock.server.app import Options, create_app
    from penstock.server.permissions import READ_ONLY, Permission
    from penstock.server.serving import serve

    port = listener.getsockname()[1]
    name = "127.0.0.1" if host in {*_EVERYWHERE, "localhost"} else host
    shown = f"[{name}]" if ":" in name else name
    address = f"http://{shown}:{port}{base}"
    switched_off = environment.flag("DISABLE_TERMINAL") or environment.text("PENSTOCK_TERMINAL").lower() in {
        "off",
        "0",
        "false",
    }
    off = READ_ONLY[int(environment.text("PENSTOCK_READ_ONLY"))]
    terminal = terminal and not switched_off and Permission.TERMINAL not in off
    options = Options(
        base=base,
        arrives=arrives,
        hosts=(*hosts, shown),
        literals=host not in _LOOPBACK,
        port=port,
        terminal=terminal,
        off=off,
        url=address,
    )
    access = Access(environment.home() / "studio" / f"sessions-{port}.json")
    studio = open_studio(root, scheduler=scheduler)
    studio.scheduling.url = address
    app = create_app(studio, access=access, options=options)
    remember(Running(port, str(root), address, access.new_token(), os.getpid()))

    def ready() -> None:
        _tell(f"{address}/?token={access.new_link()}", browser=browser)
        spare_what_stays()

    try:
        serve(app, listener, ready=ready)
    finally:
        forget(port)


def _tell(link: str, *, browser: bool, note: str = "") -> None:
    if note:
        click.echo(note, err=True)
    click.echo(link)
    if browser:
        import threading
        import webbrowser

        # Some browsers are started in the foreground: the server answers meanwhile.
        threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()


def opened_or_new(project: Path, new: Mapping[str, str | None] = MappingProxyType({})) -> Path:
    """The folder of the project; a missing or empty folder becomes a new project.

    Args:
        project: the folder.
        new: what was said of a new project: `project_type`, `cluster_type`, `project_uuid`.

    Raises:
        ProjectNotFoundError: the folder holds other things.
    """
    from penstock.project import open_project
    from penstock.project.notices import opening_notices

    try:
        opened = open_project(project)
    except ProjectNotFoundError:
        if project.exists() and (not project.is_dir() or any(project.iterdir())):
            raise
        created = create_project(project, **new)
        click.echo(f"Made the project {project}.", err=True)
        return created
    if given := [f"--{name.replace('_', '-')}" for name, value in new.items() if value]:
        verb = "means" if len(given) == 1 else "mean"
        click.echo(f"{', '.join(given)} {verb} nothing here: {project} is a project already.", err=True)
    for notice in opening_notices(opened):
        logging.getLogger("penstock.project").warning(notice)
    _identify(opened)
    return opened.root


def _identify(project: Project) -> None:
    """Write the project's id into its file, where it has a file without one, and that may be changed."""
    if environment.text("PENSTOCK_READ_ONLY") != "0" or project.unread or not (project.root / METADATA).is_file():
        return
    with suppress(EditRefusedError, FileInvalidError, StorageError):  # it is opened without one, as before
        ensure_project_uuid(project)


def base_path_of(text: str) -> str:
    """A base path as it is used: "" or /like/this.

    Raises:
        SettingInvalidError: it holds what no path of an address can.
    """
    trimmed = text.strip("/")
    if not trimmed:
        return ""
    if not all(
        part and part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in trimmed.split("/")
    ):
        raise SettingInvalidError(
            f"reading the base path {text!r}: it is not a path",
            hint="Letters, digits, - and _ between slashes, such as /penstock.",
        )
    return f"/{trimmed}"
