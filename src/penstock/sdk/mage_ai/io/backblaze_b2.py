"""The name of the client BackblazeB2."""

from penstock.sdk.io.unbuilt import client

BackblazeB2 = client("BackblazeB2")
