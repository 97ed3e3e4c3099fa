"""What block code imports: decorators, context, io, and the `mage_ai` import names.

What never lives here: processes, scheduling, the state store. Start reading at `decorators`, then `context`.
"""
