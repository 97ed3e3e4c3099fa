"""The name of the client Qdrant."""

from penstock.sdk.io.unbuilt import client

Qdrant = client("Qdrant")
