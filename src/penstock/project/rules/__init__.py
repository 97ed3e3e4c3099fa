"""The rules that look at what has been read: one class each, with a stable code and a severity.

The docstring of each is its documentation page.

`base` says what they have in common; each module holds those about one subject. What the reader itself finds stands in
`penstock.project.reading_rules`. `penstock.project.check` runs all of them. No rule runs user code.
"""
