"""Python blocks: execute the file, find its decorated function, call it with its upstreams' outputs.

Start reading at `runner`; `namespace` is what the file sees, `call` how arguments are bound, `checks` the `@test`s.
"""

from penstock.languages.python.runner import PythonRunner

RUNNER = PythonRunner()
