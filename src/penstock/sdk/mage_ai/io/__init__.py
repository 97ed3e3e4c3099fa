"""The names under which Mage projects import the clients; each file re-exports one of `penstock.sdk.io`."""
