import subprocess

from penstock import custom

COMMAND = ["git", "--version"]
SECONDS = 600


@custom
def run_command(*args, **kwargs):
    """Runs a program and keeps what it printed; a status other than 0 fails the block."""
    done = subprocess.run(COMMAND, cwd=kwargs["repo_path"], capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(COMMAND)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout
