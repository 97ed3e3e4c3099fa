"""Language services of the editor: completion, hover, definitions, renaming, diagnostics, formatting.

All of it is static: `ty server` and `ruff format` read text and never import or run what they read. `service` starts
the language server with the first tab that asks and ends it after the last; `session` speaks with one tab, `process`
with the server, `texts` holds what tabs have open, `addresses` keeps both inside the project. `names`, `checking` and
`formatting` answer single questions.
"""
