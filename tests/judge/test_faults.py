"""Every way in which an endpoint fails, through the command line: what rests on it is errored, and never a pass."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.judge.judged_run import KEY, KEY_ENV, Ran, judged_workspace

from evalh.cli.main import main
from evalh.testing import Fault, StubEndpoint, reply_for

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SLOW = (Fault.DRIP, Fault.HANG, Fault.RATE_LIMITED_RETRY_AFTER)
ONE_OF_EACH_CLASS = tuple({fault.failure_class: fault for fault in reversed(Fault) if fault not in SLOW}.values())


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "space"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setenv(KEY_ENV, KEY)
    monkeypatch.setattr("os.fsync", lambda _: None)
    return root


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts as short as may be."""
    monkeypatch.setattr("evalh.llm.retry.FIRST_WAIT", 0.01)
    monkeypatch.setattr("evalh.llm.retry.LONGEST_WAIT", 0.02)


def run(root: Path, *options: str) -> tuple[int, Ran]:
    code = main(["run", "--out", str(root / "out"), *options])
    return code, Ran(root / "out")


def check_incomplete(code: int, ran: Ran, fault: Fault) -> None:
    """Nothing that rests on the judge has a value, and the gate says INCOMPLETE."""
    assert (code, ran.verdict) == (3, "INCOMPLETE")
    errored = [row for row in ran.rows if row["state"] == "errored"]
    assert ran.rollups()["warmth"] == {"errored"}
    assert all(row["value"] is None and row["passed"] is None for row in errored)
    assert {row["error"]["class"] for row in errored} - {"circuit_open"} == {fault.failure_class}
    assert ran.manifest["counts"]["errored"] == sum(row["rollup"] for row in errored) > 0
    assert ran.manifest["coverage"] < 1


@pytest.mark.parametrize("kind", ["judge", "cascade", "local"])
def test_a_good_endpoint_leaves_nothing_errored(root: Path, kind: str) -> None:
    with StubEndpoint() as stub:
        judged_workspace(root, stub.base_url, kind=kind)
        code, ran = run(root)

    assert code in (0, 3)
    assert ran.rollups()["warmth"] <= {"scored", "unsure"}
    assert not [row for row in ran.rows if row["state"] == "errored"]
    assert len(stub.requests) == ran.manifest["calls"] == 4


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_of_a_judge_that_reads(root: Path, fault: Fault) -> None:
    with StubEndpoint(faults=fault) as stub:
        judged_workspace(root, stub.base_url, kind="judge", cases=1, timeout=1.5)
        code, ran = run(root)

    check_incomplete(code, ran, fault)
    assert not [row for row in ran.judged if row["state"] in ("scored", "unsure")]
    assert len(ran.rollups()) == 12
    assert stub.strayed == []


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("kind", ["cascade", "local"])
@pytest.mark.parametrize("fault", ONE_OF_EACH_CLASS)
def test_a_fault_of_each_class_where_a_rubric_needs_the_judge(root: Path, kind: str, fault: Fault) -> None:
    with StubEndpoint(faults=fault) as stub:
        judged_workspace(root, stub.base_url, kind=kind, cases=1, timeout=1.5)
        code, ran = run(root)

    check_incomplete(code, ran, fault)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.RESET, Fault.SERVER_503])
def test_a_dead_endpoint_ends_a_long_run_soon(root: Path, fault: Fault) -> None:
    with StubEndpoint(faults=fault) as stub:
        judged_workspace(root, stub.base_url, cases=40, timeout=120)
        start = time.monotonic()
        code, ran = run(root)
        took = time.monotonic() - start

    assert (code, ran.verdict) == (3, "INCOMPLETE")
    assert "circuit_open" in ran.classes()
    assert not [row for row in ran.judged if row["state"] == "scored"]
    assert took < 30


def test_an_endpoint_that_never_answers_ends_a_long_run_soon(root: Path) -> None:
    with StubEndpoint(faults=Fault.HANG) as stub:
        judged_workspace(root, stub.base_url, cases=40, timeout=5)
        start = time.monotonic()
        code, ran = run(root)
        took = time.monotonic() - start

    assert (code, ran.verdict) == (3, "INCOMPLETE")
    assert not [row for row in ran.judged if row["state"] == "scored"]
    assert took < 30


@pytest.mark.parametrize("fault", [Fault.QUOTA, Fault.UNAUTHORIZED, Fault.NO_MODEL])
def test_what_no_call_can_mend_ends_a_long_run_at_once(root: Path, fault: Fault) -> None:
    with StubEndpoint(faults=fault) as stub:
        judged_workspace(root, stub.base_url, cases=15, timeout=120)
        start = time.monotonic()
        code, ran = run(root)
        took = time.monotonic() - start

    assert (code, ran.verdict) == (3, "INCOMPLETE")
    assert ran.classes() == {fault.failure_class, "circuit_open"}
    assert len(stub.requests) <= 8
    assert took < 5


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "fault", [Fault.SERVER_500, Fault.RESET, Fault.PROSE_AROUND, Fault.EMPTY_CONTENT, Fault.LENGTH]
)
def test_a_fault_that_passes_leaves_no_trace(root: Path, fault: Fault) -> None:
    with StubEndpoint(faults=[fault]) as stub:
        judged_workspace(root, stub.base_url)
        _, ran = run(root)

    assert not [row for row in ran.rows if row["state"] == "errored"]
    assert ran.manifest["calls"] == len(stub.requests) == 5


@pytest.mark.usefixtures("hurried")
def test_what_failed_is_asked_again_and_what_was_answered_is_not(root: Path) -> None:
    with StubEndpoint(faults=[Fault.UNAUTHORIZED]) as stub:
        judged_workspace(root, stub.base_url, concurrency=1)
        assert run(root)[0] == 3
        failed = len(stub.requests)
        _, ran = run(root)

    assert failed == 1
    assert len(stub.requests) == failed + 4
    assert not [row for row in ran.rows if row["state"] == "errored"]


def test_faults_of_one_version_only_are_no_pass_either(root: Path) -> None:
    """The judge fails wherever the candidate said what its prompt made it say."""

    def answer(body: dict[str, object]) -> str | Fault:
        return Fault.REFUSAL if "candidate" in str(body["messages"]) else reply_for(body)

    with StubEndpoint(answer) as stub:
        judged_workspace(root, stub.base_url, cases=12)
        recorded = root / "golden_sets/few/recordings/v2.jsonl"
        recorded.write_text(recorded.read_text().replace("It would be faster.", "The candidate would be faster."))
        code, ran = run(root)

    assert (code, ran.verdict) == (3, "INCOMPLETE")
    states = {row["prompt_version"]: row["state"] for row in ran.rows if row["evaluator"] == "warmth"}
    assert states["v1"] != "errored"
    assert states["v2"] == "errored"
