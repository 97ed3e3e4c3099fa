"""The name of the client GoogleSheets."""

from penstock.sdk.io.unbuilt import client

GoogleSheets = client("GoogleSheets")
