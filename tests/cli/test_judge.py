from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Evalh
from tests.judge.oracle import Says, reply, right
from tests.judge.test_check import obedient, yes_man
from tests.small_workspace import change

from evalh.judge.check import calls_of
from evalh.models import JudgeCheck
from evalh.testing import Fault, StubEndpoint

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
KEY_ENV, KEY = "EVALH_TEST_KEY", "sk-canary-70b1"
CONFIG = "configs/small.yaml"
PLAIN = "scorecard: card\n"


@pytest.fixture
def stub() -> Iterator[StubEndpoint]:
    """An endpoint whose model reads well."""
    with StubEndpoint() as stub:
        says(stub, right)
        yield stub


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)
    monkeypatch.setattr("os.fsync", lambda _: None)


def says(stub: StubEndpoint, what: Says) -> None:
    stub.answer = lambda body: json.dumps(reply(body, what))


def with_judge(root: Path, base_url: str, kind: str = "judge", **more: Any) -> None:
    judge = {"model": "m", "base_url": base_url, "api_key_env": KEY_ENV, "timeout": 5, **more}
    change(root, CONFIG, PLAIN, f"{PLAIN}reader: {{kind: {kind}}}\njudge: {json.dumps(judge)}\n")


def kept(root: Path) -> JudgeCheck:
    (path,) = (root / "calibration" / "judges").iterdir()
    return JudgeCheck.model_validate_json(path.read_text())


def test_a_judge_that_reads_passes(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    with_judge(root, stub.base_url)
    ended = evalh("judge", "check", "small")
    assert (ended.code, ended.err) == (0, "")
    check = kept(root)
    assert check.passed
    assert check.forms == ("facts", "rubrics")
    assert len(stub.requests) == check.calls == calls_of(check.forms)
    assert f"m@{check.judge_sha256[:12]} at {stub.base_url}, asked for facts and rubrics" in ended.out
    assert f"kept in calibration/judges/{check.judge_sha256[:12]}.json" in ended.out
    assert f"passed: verdicts of m@{check.judge_sha256[:12]} may gate" in ended.out
    assert f"{check.calls} calls, {check.input_tokens:,} tokens in" in ended.out
    for kind in ("fact", "rubric", "twin", "injection", "canary"):
        assert kind in ended.out
    assert "question" not in ended.out


@pytest.mark.parametrize(("kind", "forms"), [("cascade", ("picks", "rubrics")), ("local", ("rubrics",))])
def test_only_what_the_configuration_asks_is_tried(
    evalh: Evalh, root: Path, stub: StubEndpoint, kind: str, forms: tuple[Any, ...]
) -> None:
    with_judge(root, stub.base_url, kind=kind)
    assert evalh("judge", "check").code == 0
    assert kept(root).forms == forms
    assert len(stub.requests) == calls_of(forms)


def test_what_it_was_checked_on_before_is_checked_again_and_not_forgotten(
    evalh: Evalh, root: Path, stub: StubEndpoint
) -> None:
    with_judge(root, stub.base_url, kind="cascade")
    assert evalh("judge", "check").code == 0
    change(root, CONFIG, "kind: cascade", "kind: judge")
    assert evalh("judge", "check").code == 0
    assert kept(root).forms == ("facts", "picks", "rubrics")


def test_a_judge_that_fails_is_refused_with_what_it_got_wrong(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    says(stub, yes_man)
    with_judge(root, stub.base_url)
    ended = evalh("judge", "check")
    assert ended.code == 1
    assert not kept(root).passed
    assert "failed (rubric, twin, canary): verdicts of m@" in ended.out
    assert "may not gate" in ended.out
    assert "twin telecom-line/problem-first/twin: expected pass, negated fail, found pass, negated pass" in flat(
        evalh("judge", "check", "--full").out
    )
    assert "more, see --full" in ended.out


def test_a_quick_check_ends_when_it_is_lost(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    says(stub, yes_man)
    with_judge(root, stub.base_url, kind="local", concurrency=1)
    ended = evalh("judge", "check", "--quick")
    assert ended.code == 1
    assert "failed (canary)" in ended.out
    assert "may not gate; the rest was not asked" in flat(ended.out)
    assert (kept(root).stopped, kept(root).calls) == (True, 1)
    assert len(stub.requests) < calls_of(("rubrics",)), "some were on their way"


def test_a_check_is_made_anew_each_time(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    with_judge(root, stub.base_url, kind="local")
    assert evalh("judge", "check").code == 0
    says(stub, obedient)
    assert evalh("judge", "check").code == 1
    assert not kept(root).passed
    assert len(stub.requests) == 2 * calls_of(("rubrics",))
    assert not any((root / ".cache").rglob("*.sqlite*"))


def test_json_is_the_whole_check(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    with_judge(root, stub.base_url, kind="local", prices={"input": 1, "output": 2})
    ended = evalh("judge", "check", "--json")
    assert JudgeCheck.model_validate_json(ended.out) == kept(root)
    assert kept(root).cost is not None


def test_what_the_model_says_is_printed_as_text(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    stub.answer = lambda _: "\x1b[2J[/bold]\u202e{}"
    with_judge(root, stub.base_url, kind="local")
    ended = evalh("judge", "check", "--full")
    assert ended.code == 1
    assert not {"\x1b", "\u202e"} & {*ended.out, *ended.err}
    assert "no answer (invalid_json" in ended.out


def test_no_key_is_printed_or_kept(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    stub.answer = lambda _: f"the key is {KEY}"
    with_judge(root, stub.base_url, kind="local")
    ended = evalh("judge", "check", "--full")
    assert stub.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in ended.out + ended.err
    for path in root.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_a_check_is_validated_by_itself_and_with_the_workspace(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    with_judge(root, stub.base_url, kind="local")
    assert evalh("judge", "check").code == 0
    (path,) = (root / "calibration" / "judges").iterdir()
    name = f"calibration/judges/{path.name}"
    assert evalh("validate", name).out == f"ok: check of the judge {kept(root).judge!r}\n"
    assert evalh("validate").code == 0
    path.write_text(path.read_text().replace('"passed": true', '"passed": false', 2).replace("false", "true", 1))
    told = f"{name}: was changed by hand: its probes do not bear it out; make it again with: evalh judge check\n"
    assert (evalh("validate", name).err, evalh("validate").err) == (told, told)
    path.write_text("{}")
    assert evalh("validate").err.startswith(f"{name}: ")


# --- it cannot be asked ---


@pytest.mark.parametrize(
    ("fault", "told"), [(Fault.QUOTA, "quota"), (Fault.UNAUTHORIZED, "auth"), (Fault.NO_MODEL, "not_found")]
)
def test_an_endpoint_that_refuses_is_told_and_nothing_is_kept(
    evalh: Evalh, root: Path, fault: Fault, told: str
) -> None:
    with StubEndpoint(faults=fault) as stub:
        with_judge(root, stub.base_url)
        ended = evalh("judge", "check")
        where = f"at {stub.base_url} could not be asked: no call came through ({told}: "
    assert ended.code == 3
    assert ended.err.startswith("the judge m@")
    assert where in ended.err
    assert ended.err.count("\n") == 1
    assert not (root / "calibration").exists()


def test_a_limit_ends_the_check_and_a_higher_one_goes_on(evalh: Evalh, root: Path, stub: StubEndpoint) -> None:
    with_judge(root, stub.base_url, kind="local", concurrency=1)
    ended = evalh("judge", "check", "--max-calls", "5")
    assert ended.code == 3
    assert "--max-calls" in ended.err
    assert not (root / "calibration").exists()
    assert len(stub.requests) == 5
    assert evalh("judge", "check", "--max-calls", "30").code == 0
    assert len(stub.requests) == kept(root).calls == calls_of(("rubrics",))


# --- the user's mistakes ---


def test_without_a_judge_there_is_nothing_to_check(evalh: Evalh, root: Path) -> None:
    ended = evalh("judge", "check")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("configs/small.yaml: has no judge; add 'judge: {model: NAME}' to it")


def test_a_key_that_is_not_set_is_told_before_anything_is_asked(
    evalh: Evalh, root: Path, stub: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_ENV)
    with_judge(root, stub.base_url)
    ended = evalh("judge", "check")
    assert ended.code == 2
    assert KEY_ENV in ended.err
    assert ended.err.count("\n") == 1
    assert stub.requests == []


@pytest.mark.parametrize("arguments", [("nope",), ("small", "--max-calls", "0"), ("small", "--max-cost", "1")])
def test_other_mistakes_end_with_2(evalh: Evalh, root: Path, stub: StubEndpoint, arguments: tuple[str, ...]) -> None:
    with_judge(root, stub.base_url)
    assert evalh("judge", "check", *arguments).code == 2
    assert stub.requests == []


def test_a_run_gates_once_its_judge_passed(evalh: Evalh, gated: Path, stub: StubEndpoint) -> None:
    judge = {"model": "m", "base_url": stub.base_url, "api_key_env": KEY_ENV}
    change(gated, CONFIG, "reader: {encoder: {kind: none}}", f"judge: {json.dumps(judge)}")
    refused = evalh("run", "--no-cache")
    assert refused.code == 2
    assert refused.err.endswith("check it once: evalh judge check configs/small.yaml, or give --no-gate\n")
    assert stub.requests == []
    assert evalh("judge", "check", "configs/small.yaml").code == 0
    assert evalh("run", "--no-cache").code == 1


def flat(text: str) -> str:
    return " ".join(text.split())
