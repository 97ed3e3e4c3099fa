"""The name of the client GoogleCloudStorage."""

from penstock.sdk.io.unbuilt import client

GoogleCloudStorage = client("GoogleCloudStorage")
