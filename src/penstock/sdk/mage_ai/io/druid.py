"""The name of the client Druid."""

from penstock.sdk.io.unbuilt import client

Druid = client("Druid")
