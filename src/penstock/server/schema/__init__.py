"""The JSON of the studio: one module of msgspec Structs a noun; nothing here does anything."""
