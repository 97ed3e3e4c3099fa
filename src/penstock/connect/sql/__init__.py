"""What the SQL systems share: names, statements, types of frames, and the policies of writing a table.

What never lives here: a driver. Start reading at `system`, then `write`.
"""
