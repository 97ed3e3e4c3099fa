"""The name of the client Spark."""

from penstock.sdk.io.unbuilt import client

Spark = client("Spark")
