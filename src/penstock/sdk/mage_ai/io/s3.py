"""The name of the client S3."""

from penstock.sdk.io.unbuilt import client

S3 = client("S3")
