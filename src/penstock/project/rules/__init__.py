"""The lint rules: one class each, with a stable code, a severity and a docstring that is its documentation page.

`base` says what a rule is; `reading` holds those that the reader of projects and pipelines finds things for, the other
modules those that look at a pipeline that has been read. `penstock.project.check` runs them. No rule runs user code.
"""
