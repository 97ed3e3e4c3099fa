"""The name of the client Pinot."""

from penstock.sdk.io.unbuilt import client

Pinot = client("Pinot")
