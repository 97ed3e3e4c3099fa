"""The studio: REST, live socket and the built UI, over the parts that `cli` hands in.

What never lives here: running, importing or unpickling anything of a user's, and decisions about a run (model.run makes
them). Start reading at `studio` (the parts of one server), `routing` and `app`.
"""
