"""Texts of a stranger in every place of every request: nothing outside is read or written, and nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.server.permissions import Permission
from tests.patience import until
from tests.server.attacks.conftest import Target
from tests.server.attacks.walking import HTTP, Answer, Place, Request, example, name_of

SHOWABLE = ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml")
CODE = ("/run", "/runs", "/complete")
"""Ends of routes that are there for running code; a text that is code may run there, with the permission to run."""


def travelling(target: Target) -> list[str]:
    """Ways out of the project."""
    outside = target.outside
    return [
        "../outside/canary.txt",
        "../../../../../../../../etc/passwd",
        "%2e%2e%2foutside%2fcanary.txt",
        "..%2foutside%2fcanary.txt",
        "%252e%252e%252foutside%252fcanary.txt",
        "..%c0%afoutside%c0%afcanary.txt",
        "data_loaders/../../outside/canary.txt",
        "....//outside/canary.txt",
        "..\\outside\\canary.txt",
        "./../outside/canary.txt",
        str(outside / "canary.txt"),
        f"/{outside / 'canary.txt'}",
        f"file://{outside / 'canary.txt'}",
        "\\\\server\\share\\canary.txt",
        "C:\\canary.txt",
        "~/canary.txt",
        "~root/.bashrc",
        "../project-secret/canary.txt",
        "../project-secret",
        "..",
        "../outside",
        "../../up/metadata.yaml",
        "link/canary.txt",
        "link.txt",
        "linked",
        "link",
        "\uff0e\uff0e\uff0foutside\uff0fcanary.txt",
        "/proc/self/environ",
        "/dev/stdin",
        "data_loaders/load.py\0.txt",
        "\ud800",
        "a" * 3000,
        "a\nb\r\nSet-Cookie: a=b",
        ".git/config",
        ".git/hooks/post-checkout",
        ".GIT/config",
        "custom/../.git/hooks/post-checkout",
    ]


def running(target: Target) -> list[str]:
    """Texts that something might take for code or for an option."""
    touched = target.touched
    return [
        f"--output={touched}",
        f"--upload-pack=touch {touched}",
        f"ext::sh -c touch% {touched}",
        "HEAD:../outside/canary.txt",
        "-h",
        f"; touch {touched} #",
        f"$(touch {touched})",
        f"`touch {touched}`",
        f"{{{{ cycler.__init__.__globals__.os.popen('touch {touched}').read() }}}}",
        f"{{% for x in ().__class__.__base__.__subclasses__() %}}{{{{ x('touch {touched}', shell=True) }}}}{{% endfor %}}",
        f"__import__('os').system('touch {touched}')",
        f'!!python/object/apply:os.system ["touch {touched}"]',
        f"'; COPY (SELECT 1) TO '{touched}'; --",
        f"\" UNION SELECT content FROM read_text('{target.outside}/*') --",
        "<script>alert(1)</script>",
    ]


def places_of(request: Request) -> list[Place]:
    """Where texts stand; those that are code by purpose are left out."""
    if request.route.permission.value == "run" and request.route.path.endswith(CODE):
        return [place for place in request.places() if place[1][-1] not in {"code", "content"}]
    return list(request.places())


def wrong_with(answer: Answer, target: Target, text: str) -> str:  # noqa: PLR0911 - one for each
    """What such an answer may not be; "" when it is none of that."""
    if answer.status >= 500 and answer.status not in {503, 504, 507}:
        return f"status {answer.status} {answer.body[:200]!r}"
    if target.secret.encode() in answer.body or b"root:x:0:0" in answer.body or b"PENSTOCK_HOME=" in answer.body:
        return "it tells what lies outside"
    if b"[core]" in answer.body.replace(text.encode("utf-8", "replace"), b""):
        return "it tells git's own files"
    if "set-cookie" in answer.headers:
        return "it sets a cookie"
    kind = answer.headers.get("content-type", "")
    if kind.startswith(SHOWABLE) and "sandbox" not in answer.headers.get("content-security-policy", ""):
        return f"{kind} without a sandbox"
    if answer.headers.get("x-content-type-options") != "nosniff":
        return "it may be taken for another type"
    if target.touched.exists():
        told = target.touched.read_text().strip()
        target.touched.unlink()
        return f"something ran {told}"
    return ""


def let_run(target: Target, request: Request, answer: Answer) -> None:
    """Wait for what a request was there to run, with the permission to run: that is no trace of anything else."""
    if request.route.permission is Permission.RUN and answer.status < 300:
        until(
            "the ends of runs", lambda: not target.server.get("/api/runs", params={"state": "initial,running"})["runs"]
        )
        target.touched.unlink(missing_ok=True)


def attack(target: Target, request: Request, texts: list[str]) -> list[str]:
    """What went wrong with those texts in every place of a request."""
    answer = target.ask(request)
    let_run(target, request, answer)
    wrong = wrong_with(answer, target, "")
    found = [f"{name_of(request.route)}: {wrong}"] if wrong else []
    if request.route.method != "GET":
        target.restore()
    for place in places_of(request):
        for text in texts:
            if place[0] == "body" and "\ud800" in text:
                continue  # no JSON can hold it
            answer = target.ask(request.with_text(place, text))
            let_run(target, request, answer)
            wrong = wrong_with(answer, target, text)
            if wrong:
                found.append(f"{name_of(request.route)} {place} {text[:60]!r}: {wrong}")
            if request.route.method != "GET" and answer.status < 300:
                target.restore()
    return found


@pytest.mark.parametrize("noun", sorted({route.noun for route in HTTP}))
def test_nothing_outside_is_read_or_written_and_nothing_runs(target: Target, noun: str) -> None:
    # T1-T5, T22-T24, T26, T29-T31, T35, T36: every text of every route of a noun.
    before = target.elsewhere()
    target.restore()
    git = {path: path.read_bytes() for path in (target.project / ".git" / "hooks").iterdir()}
    texts = [*travelling(target), *running(target)]
    found = []
    for route in HTTP:
        if route.noun == noun:
            found += attack(target, example(route, target.known), texts)
    assert not found, f"{len(found)}\n" + "\n".join(found[:40])
    assert target.elsewhere() == before
    assert {path: path.read_bytes() for path in (target.project / ".git" / "hooks").iterdir()} == git
    assert not target.touched.exists()


def test_the_walk_would_notice(target: Target, tmp_path: Path) -> None:
    # The same checks on answers as a broken server would give them.
    good = {"x-content-type-options": "nosniff", "content-type": "application/json"}
    for answer in (
        Answer(500, good, b""),
        Answer(200, good, f"x{target.secret}x".encode()),
        Answer(200, good, b"root:x:0:0:root"),
        Answer(200, {**good, "set-cookie": "a=b"}, b""),
        Answer(200, {**good, "content-type": "image/svg+xml"}, b""),
        Answer(200, {"content-type": "application/json"}, b""),
    ):
        assert wrong_with(answer, target, "x")
    assert not wrong_with(Answer(200, good, b"{}"), target, "x")
    target.touched.touch()
    assert wrong_with(Answer(200, good, b"{}"), target, "x").startswith("something ran")
