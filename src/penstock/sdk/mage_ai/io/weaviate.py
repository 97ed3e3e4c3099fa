"""The name of the client Weaviate."""

from penstock.sdk.io.unbuilt import client

Weaviate = client("Weaviate")
