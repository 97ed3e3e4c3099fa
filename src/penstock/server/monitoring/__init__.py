"""How the server and its runs do: health, metrics, figures by day."""
