"""The name of the client Algolia."""

from penstock.sdk.io.unbuilt import client

Algolia = client("Algolia")
