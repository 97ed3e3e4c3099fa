"""The name of the client Trino."""

from penstock.sdk.io.unbuilt import client

Trino = client("Trino")
