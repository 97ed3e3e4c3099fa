"""The process that reads stored data for the studio: `python -m penstock.server.outputs.reader`.

It answers questions from a pipe, several at once, and ends with its server. What it was told to read may be damaged or
huge: it may fall over, and its server starts another. Start reading at `service`, then `view` and `page`.
"""
