"""Settings, interpolation, secrets and diagnostics: what everything above reads before it does its work.

Here live the declared environment variables and project settings, the rendering of templates in a sandbox, the
providers of secrets and the shape of a diagnostic. Files are never opened here and no user code runs.
Start reading at `environment` and `settings`.
"""
