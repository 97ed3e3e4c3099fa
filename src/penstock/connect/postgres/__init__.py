"""PostgreSQL, through the optional driver psycopg 3. Start reading at `system`."""
