"""The name of the client Chroma."""

from penstock.sdk.io.unbuilt import client

Chroma = client("Chroma")
