"""A key in the environment stands in nothing that evalh prints, logs or writes, whatever an endpoint does with it."""

from __future__ import annotations

import base64
import json
import logging
import os
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.small_workspace import CONFIG, RUBRIC_FILE, small_workspace, write

from evalh.cli.main import main
from evalh.testing import Fault, Reply, StubEndpoint, reply_for

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.enable_socket]

VARIABLE = "EVALH_TEST_CANARY"
KEYS = ("c4naryb8d2f6a01957e34f8b6d2c7a9e50", "sk-C4naRy/b8d2+f6a0.1957_e34f~" + "0a1B2c3D" * 16 + "==")
SECONDS = 0.6
"""The deadline of a call, so that retries end soon."""
FORMATS = (Fault.NO_FORMAT_400, Fault.NO_FORMAT_500)


def judged(root: Path, base_url: str, seconds: float = SECONDS) -> None:
    """A small workspace in `root` whose conversations and one rubric are judged at `base_url`."""
    config = CONFIG.replace("evaluators:\n  brevity: {max_words: 30}\n", "").replace("scorecard: card", "")
    judge = f"judge: {{base_url: {base_url}, model: stub, api_key_env: {VARIABLE}, timeout: {seconds}}}\n"
    small_workspace(root)
    write(root, "configs/small.yaml", f"{config}reader: {{kind: judge, encoder: {{kind: none}}}}\n{judge}")
    write(root, "evaluators/warmth.md", RUBRIC_FILE)


@pytest.fixture(params=KEYS, ids=["plain", "odd"])
def key(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, request.param)
    return str(request.param)


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """The client's library, whose import would take a good part of a deadline as short as here."""
    assert openai.AsyncOpenAI(api_key="none").chat.completions


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return tmp_path


def forms(key: str) -> list[str]:
    """The key as it may appear: itself, its beginning, its end, and encoded."""
    return [
        key,
        key[-12:],
        json.dumps(key)[1:-1],
        base64.b64encode(key.encode()).decode().rstrip("="),
        key.encode().hex(),
    ]


def files(root: Path) -> Iterator[tuple[str, str]]:
    """Every file below `root`, hidden ones too, as text; of a database also its values, unpacked."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path.relative_to(root)), content.decode("utf-8", "replace")
            if content.startswith(b"SQLite format 3"):
                yield f"{path.relative_to(root)}, unpacked", "\n".join(values(path))


def values(path: Path) -> Iterator[str]:
    """All values in a database, decompressed where they are compressed."""
    with closing(sqlite3.connect(path)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    yield plain(value) if isinstance(value, bytes) else str(value)


def plain(value: bytes) -> str:
    with suppress(zlib.error):
        value = zlib.decompress(value)
    return value.decode("utf-8", "replace")


def leaks(root: Path, key: str, *said: str) -> list[str]:
    """Where the key stands."""
    places = [(f"what was said: {line}", line) for text in said for line in text.split("\n")] + list(files(root))
    return [place for place, text in places if any(form in text for form in forms(key))]


def run(root: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> tuple[int, str]:
    """The command, and all that it printed and logged."""
    code = main(["run", "--no-gate", "--out", str(root / "out")])
    printed = capfd.readouterr()
    logged = "\n".join(f"{record.name}: {record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    return code, f"{printed.out}\n{printed.err}\n{logged}"


def asked_with(stub: StubEndpoint, key: str) -> bool:
    """Whether the key did go to the endpoint: else nothing was tested."""
    return bool(stub.requests) and all(request.headers["authorization"] == f"Bearer {key}" for request in stub.requests)


@pytest.mark.parametrize("fault", [None, *Fault], ids=lambda fault: fault.value if fault else "none")
def test_no_fault_brings_the_key_to_light(
    fault: Fault | None,
    tmp_path: Path,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    key = KEYS[0]
    monkeypatch.setenv(VARIABLE, key)
    with StubEndpoint(faults=fault or ()) as stub:
        judged(root, stub.base_url)
        _, said = run(root, capfd, caplog)
        assert fault == Fault.REFUSED or asked_with(stub, key)
        assert not stub.strayed
    assert not leaks(root, key, said)


# --- endpoints that send the key back ---


def echo(stub: StubEndpoint) -> str:
    """What came in last, its headers and all, as a careless server prints it."""
    last = stub.requests[-1]
    return json.dumps({"headers": dict(last.headers), "request": last.body})


def error_of(status: int, **headers: str) -> Any:
    def answer(stub: StubEndpoint) -> Reply:
        said = {"error": {"message": f"bad request: {echo(stub)}", "type": "invalid_request_error", "code": None}}
        return Reply(status=status, body=json.dumps(said).encode(), headers=headers)

    return answer


def plain_error(stub: StubEndpoint) -> Reply:
    text = f"Traceback: Authorization: {stub.requests[-1].headers['authorization']}\n" * 3
    return Reply(status=500, body=text.encode(), headers={"Content-Type": "text/plain"})


def cut_in_the_key(stub: StubEndpoint) -> Reply:
    """The excerpt of 500 characters would end inside the key, wherever it ends."""
    secret = stub.requests[-1].headers["authorization"]
    return Reply(status=500, body=(("." * 470) + secret * 20).encode(), headers={"Content-Type": "text/plain"})


def nothing_but_keys(stub: StubEndpoint) -> Reply:
    """So many that a text cut anywhere ends inside one."""
    secret = stub.requests[-1].headers["authorization"].removeprefix("Bearer ")
    return Reply(status=500, body=(secret * 500).encode(), headers={"Content-Type": "text/plain"})


def challenge(stub: StubEndpoint) -> Reply:
    secret = stub.requests[-1].headers["authorization"]
    return Reply(status=401, body=b"{}", headers={"WWW-Authenticate": secret, "X-Request-Id": secret})


def to_the_key(stub: StubEndpoint) -> Reply:
    secret = stub.requests[-1].headers["authorization"].removeprefix("Bearer ")
    return Reply(status=307, body=b"", headers={"Location": f"http://127.0.0.1:1/{secret}?key={secret}"})


def prose(stub: StubEndpoint) -> Reply:
    return Reply(f"You sent {echo(stub)}, so the agent did well.")


def in_the_answer(stub: StubEndpoint) -> Reply:
    """A right reply whose texts are the key."""
    secret = stub.requests[-1].headers["authorization"]

    def choose(_: str, schema: Any) -> str | None:
        bounded = schema.get("type") == "string" and "enum" not in schema and "const" not in schema
        return secret[: schema.get("maxLength", 1000)] if bounded else None

    return Reply(reply_for(stub.requests[-1].body, choose, full=True))


def as_a_key_of_the_answer(stub: StubEndpoint) -> Reply:
    secret = stub.requests[-1].headers["authorization"]
    return Reply(json.dumps({**json.loads(reply_for(stub.requests[-1].body)), secret: secret}))


def refusing(stub: StubEndpoint) -> Reply:
    return Reply(None, refusal=f"I cannot, {stub.requests[-1].headers['authorization']}", finish_reason="stop")


ECHOES = {
    **{f"error-{status}": error_of(status) for status in (400, 401, 403, 404, 408, 422, 429, 500, 503)},
    "error-429-retry-after": error_of(429, **{"Retry-After": "0"}),
    "error-200": error_of(200),
    "plain-text": plain_error,
    "excerpt-cut-in-the-key": cut_in_the_key,
    "nothing-but-keys": nothing_but_keys,
    "challenge": challenge,
    "redirect": to_the_key,
    "prose": prose,
    "in-the-answer": in_the_answer,
    "as-a-key-of-the-answer": as_a_key_of_the_answer,
    "refusal": refusing,
}


@pytest.mark.parametrize("name", ECHOES)
def test_an_endpoint_that_sends_the_key_back_does_not_spread_it(
    name: str, key: str, root: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with StubEndpoint() as stub:
        stub.answer = lambda _: ECHOES[name](stub)
        judged(root, stub.base_url)
        _, said = run(root, capfd, caplog)
        assert asked_with(stub, key)
    assert not leaks(root, key, said)


@pytest.mark.parametrize("command", [["judge", "check", "small"], ["plan", "small"]], ids=lambda given: given[0])
def test_the_other_commands_that_have_a_judge_keep_the_key_to_themselves(
    command: list[str], key: str, root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with StubEndpoint() as stub:
        stub.answer = lambda _: ECHOES["error-500"](stub)
        judged(root, stub.base_url)
        main(command)
        printed = capfd.readouterr()
    assert not leaks(root, key, printed.out, printed.err)


def test_a_mistake_of_ours_shows_no_key_in_its_traceback(key: str, root: Path) -> None:
    """In a process of its own, with the debug log of the client on, and a bug in the reading of replies."""
    program = (
        "import sys, evalh.llm.strict as strict, evalh.judge.prompts as prompts\n"
        "def broken(*_): raise RuntimeError('a bug')\n"
        "for module in (strict, prompts):\n"
        "    if hasattr(module, 'read_reply'): module.read_reply = broken\n"
        "from evalh.cli.main import main\n"
        "sys.exit(main(['run', '--no-gate', '--out', 'out']))\n"
    )
    with StubEndpoint() as stub:
        judged(root, stub.base_url, seconds=20.0)
        done = debugged([sys.executable, "-X", "dev", "-c", program], root)
        assert asked_with(stub, key)
    assert "RuntimeError" in done.stdout + done.stderr
    assert not leaks(root, key, done.stdout, done.stderr)


@pytest.mark.parametrize("name", ["error-500", "error-401", "prose"])
def test_the_debug_log_of_the_client_does_not_hold_the_key(name: str, key: str, root: Path) -> None:
    with StubEndpoint() as stub:
        stub.answer = lambda _: ECHOES[name](stub)
        judged(root, stub.base_url, seconds=5.0)
        program = "import sys; from evalh.cli.main import main; sys.exit(main(['run', '--no-gate', '--out', 'out']))"
        done = debugged([sys.executable, "-c", program], root)
        assert asked_with(stub, key)
    assert not leaks(root, key, done.stdout, done.stderr)


def debugged(command: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    """The command with all logs on."""
    loud = {"OPENAI_LOG": "debug", "HTTPX_LOG_LEVEL": "trace", "PYTHONASYNCIODEBUG": "1"}
    return subprocess.run(
        command, cwd=root, env={**os.environ, **loud}, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_missing_key_is_named_by_its_variable_before_anything_is_asked(
    root: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with StubEndpoint() as stub:
        judged(root, stub.base_url)
        code = main(["run", "--no-gate", "--out", str(root / "out")])
        assert not stub.requests
    assert code == 2
    assert VARIABLE in capfd.readouterr().err
