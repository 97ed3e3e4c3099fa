"""The name of the client ClickHouse."""

from penstock.sdk.io.unbuilt import client

ClickHouse = client("ClickHouse")
