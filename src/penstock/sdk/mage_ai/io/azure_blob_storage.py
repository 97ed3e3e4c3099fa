"""The name of the client AzureBlobStorage."""

from penstock.sdk.io.unbuilt import client

AzureBlobStorage = client("AzureBlobStorage")
