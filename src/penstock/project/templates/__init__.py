"""Templates of blocks and pipelines: those that come with Penstock, and those that a project keeps.

`catalogue` lists them and gives their text; `rendering` fills values in; the code itself lies in `blocks/<type>/`, as
files that run as they are. `own` are the project's. Nothing here is ever imported or run: the files are text.
"""
