"""A project with everything that the built-in templates expect: files, addresses that answer, databases, outputs."""

from __future__ import annotations

import json
import socketserver
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import yaml

FEED = "<rss><channel><item><title>one</title><link>a</link><pubDate>today</pubDate></item></channel></rss>"


@dataclass
class Web:
    """Addresses that answer, and what was sent to them."""

    port: int = 0
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    mail_port: int = 0
    failures: int = 2

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class _Site(ThreadingHTTPServer):
    """An HTTP server that knows the orders and keeps what it is sent."""

    def __init__(self, state: Web, orders: pd.DataFrame) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state
        self.csv = orders.to_csv(index=False).encode()
        self.records: list[object] = json.loads(orders.to_json(orient="records", date_format="iso"))

    def body(self, path: str, query: dict[str, list[str]]) -> bytes:
        """What an address answers."""
        if path == "/pages":
            start = (int(query["page"][0]) - 1) * int(query["per_page"][0])
            return json.dumps(self.records[start : start + int(query["per_page"][0])]).encode()
        fixed = {"/orders.csv": self.csv, "/feed.xml": FEED.encode(), "/export": b'{"state": "finished"}'}
        return fixed.get(path) or json.dumps(self.records[:5]).encode()


class _Handler(BaseHTTPRequestHandler):
    server: _Site

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if place.path == "/busy" and self.server.state.failures:
            self.server.state.failures -= 1
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.end_headers()
        elif place.path == "/private" and self.headers.get("Authorization") != "Bearer sesame":
            self.send_error(401)
        else:
            self._answer(self.server.body(place.path, parse_qs(place.query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.state.sent.append((self.path, body))
        if self.path == "/graphql":
            asked = json.loads(body)["variables"]["first"]
            self._answer(json.dumps({"data": {"orders": self.server.records[: asked - 93]}}).encode())
        else:
            self._answer(b"{}")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _MailServer(socketserver.TCPServer):
    """As much of an SMTP server as a sender needs to hand a message over."""

    def __init__(self, state: Web) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.state = state


class _MailHandler(socketserver.StreamRequestHandler):
    server: _MailServer

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.state.mails.append(b"".join(lines).decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 well\r\n")
            if word == b"QUIT":
                return


@contextmanager
def web(orders: pd.DataFrame) -> Iterator[Web]:
    """An HTTP and an SMTP server on loopback."""
    state = Web()
    with _Site(state, orders) as site, _MailServer(state) as mail:
        state.port, state.mail_port = site.server_address[1], mail.server_address[1]
        for each in (site, mail):
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield state
        site.shutdown()
        mail.shutdown()


def write_files(project: Path, orders: pd.DataFrame) -> None:
    """The files that loaders and sensors read."""
    import pyarrow as pa
    from pyarrow import feather

    data = project / "data"
    (data / "daily").mkdir(parents=True)
    (project / "output").mkdir()
    orders.to_csv(data / "orders.csv", index=False)
    orders.to_parquet(data / "orders.parquet", index=False)
    orders.to_json(data / "orders.json", orient="records", date_format="iso")
    orders.to_json(data / "orders.jsonl", orient="records", lines=True, date_format="iso")
    orders.to_xml(data / "orders.xml", index=False, parser="etree")
    feather.write_feather(pa.Table.from_pandas(orders, preserve_index=False), data / "orders.arrow", "uncompressed")
    orders.to_parquet(data / "by_country", partition_cols=["country"], index=False)
    (data / "server.log").write_text("2024-01-01T00:00:00 INFO started\n2024-01-01T00:00:01 ERROR no disk\n")
    widths = [f"{row.order_id:<8}{row.country}{row.price:>10.2f}" for row in orders.dropna().itertuples()]
    (data / "orders.txt").write_text("\n".join(widths) + "\n")
    for day, part in (("2024-01-01", orders[:20]), ("2024-01-02", orders[20:50])):
        part.to_csv(data / "daily" / f"{day}.csv", index=False)
    with zipfile.ZipFile(data / "orders.zip", "w") as archive:
        archive.writestr("a.csv", orders[:3].to_csv(index=False))
        archive.writestr("b.csv", orders[3:5].to_csv(index=False))
    (data / "places.geojson").write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": "Bergen"},
                        "geometry": {"type": "Point", "coordinates": [5.3, 60.4]},
                    }
                ],
            }
        )
    )
    with closing(sqlite3.connect(data / "orders.sqlite")) as connection, connection:
        orders.to_sql("orders", connection, index=False)
    make_duckdb(
        orders, *(data / f"{name}.duckdb" for name in ("warehouse", "loading", "transforming", "exporting", "writing"))
    )


def make_duckdb(orders: pd.DataFrame, *files: Path) -> None:
    """DuckDB files with a table `orders`; only one process at a time may have one open."""
    import duckdb

    for file in files:
        with duckdb.connect(str(file)) as connection:
            connection.register("given", orders)
            connection.execute("CREATE TABLE orders AS SELECT * FROM given")


def write_profiles(project: Path, postgres: dict[str, object]) -> None:
    """io_config.yaml: PostgreSQL by the name `default`, and a DuckDB file for each block that needs one alone."""
    profiles = {
        name: {"DUCKDB_DATABASE": f"data/{name}.duckdb"} for name in ("loading", "transforming", "exporting", "writing")
    }
    text = yaml.safe_dump({"version": "0.1.1", "default": postgres, **profiles})
    (project / "io_config.yaml").write_text(text)


SOURCES = {
    "prices_as_text": """\
import pandas as pd
from penstock import data_loader

@data_loader
def f(**kwargs):
    return pd.DataFrame({
        "price": ["$1,200.50", "-€3", None],
        "ordered_at": ["2024-01-31", "31 Jan 2024", "nonsense"],
        "email": ["a@example.org", "b@example.org", "not an address"],
        "details": ['{"size": "L", "color": {"code": 3}}', '{"size": "S"}', None],
    })
""",
    "emails": """\
import pandas as pd
from penstock import data_loader

@data_loader
def f(**kwargs):
    return pd.DataFrame({"email": [f"person{n}@example.org" for n in range(40)] + ["not an address"]})
""",
    "records": """\
from penstock import data_loader

@data_loader
def f(**kwargs):
    return [[{"id": n, "inner": {"name": str(n)}} for n in range(5)]]
""",
    "rates": """\
import pandas as pd
from penstock import data_loader

@data_loader
def f(**kwargs):
    days = pd.to_datetime(["2023-12-01", "2024-02-01"])
    return pd.DataFrame([
        {"ordered_at": day, "country": country, "rate": rate}
        for day, rate in zip(days, (1.0, 2.0)) for country in ("NO", "SE", "DK", "FI")
    ])
""",
    "fewer_orders": """\
from penstock import transformer

@transformer
def f(orders, **kwargs):
    changed = orders[orders["order_id"] > 10].copy()
    changed.loc[changed["order_id"] == 50, "quantity"] = 99
    return changed
""",
    "nordic": """\
import pandas as pd
from penstock import data_loader

@data_loader
def f(**kwargs):
    return pd.DataFrame({"country": ["NO", "SE"], "name": ["Norway", "Sweden"]})
""",
}
"""Blocks that give the templates what the sample orders do not have."""
