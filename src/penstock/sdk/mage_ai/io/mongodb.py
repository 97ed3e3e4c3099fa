"""The name of the client MongoDB."""

from penstock.sdk.io.unbuilt import client

MongoDB = client("MongoDB")
