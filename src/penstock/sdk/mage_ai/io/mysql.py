"""The name of the client MySQL."""

from penstock.sdk.io.unbuilt import client

MySQL = client("MySQL")
