"""DuckDB: a file, memory, or MotherDuck. Start reading at `system`."""
