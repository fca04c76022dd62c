"""Runs whose reader asks a judge: begun ahead, asked again where it failed, stopped and gone on, counted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.runner.fakes import Brevity, FakeReader, Pitching, inputs, source

from evalh.errors import Stopped
from evalh.evaluator import EvalContext, Evaluator, by_rubric, rubric_question
from evalh.models import (
    Answered,
    Conversation,
    Disagreement,
    Evidence,
    Failure,
    JudgeInfo,
    Lexicon,
    Question,
    Reading,
    Score,
    Unread,
    Usage,
)
from evalh.runner import EvaluatorInUse, Progress, RunInputs, execute, run
from evalh.runner.plan import manifest_of
from evalh.store.cache import ReadingCache

TIMEOUT = Failure(class_="timeout", message="no answer within 1 s", attempts=2)
JUDGE = JudgeInfo(id="m", sha256="5" * 64, base_url="https://example.com/v1", check="passed")
RESULTS = ("scores.jsonl", "conversations.jsonl", "readings.jsonl", "aggregates.json")


class Kind(Evaluator):
    """A rubric."""

    def questions(self, ctx: EvalContext) -> list[Question]:
        return [rubric_question("Is the agent kind?")]

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        yield by_rubric(self, ctx, rubric_question("Is the agent kind?"))


@dataclass
class Asking(FakeReader):
    """A fake reader with a fake judge: `failing` conversations are not answered, `ends` is raised for one."""

    failing: frozenset[str] = frozenset()
    ends: dict[str, BaseException] = field(default_factory=dict)
    collected: list[str] = field(default_factory=list)
    begun_at_first: int | None = None
    questions: set[str] = field(default_factory=set)
    calls_saved: int = 0
    wait: Callable[[str], None] = lambda _: None
    stopped: bool = False
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def judge(self) -> Any:
        return SimpleNamespace(id="m@1", config=SimpleNamespace(concurrency=4), budget=self)

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed.set()

    def begin(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Sequence[Question]] = ()
    ) -> Callable[[], list[Reading]]:
        self.read_ids += [one.id for one in conversations]
        self.questions |= {question.sha256 for asked in questions for question in asked}

        def collect() -> list[Reading]:
            if self.begun_at_first is None:
                self.begun_at_first = len(self.read_ids)
            return [self._judged(one, lexicon) for one in conversations]

        return collect

    def read(self, *args: Any) -> list[Reading]:
        return self.begin(*args)()

    def _judged(self, one: Conversation, lexicon: Lexicon) -> Reading:
        self.wait(one.id)
        if one.id in self.ends:
            raise self.ends[one.id]
        self.collected.append(one.id)
        told: dict[str, Any] = {"judge": "m@1", "calls": 2}
        if one.id in self.failing:
            told["unread"] = Unread(fields=("acts", "answers"), failure=TIMEOUT)
            return self._read(one, lexicon).model_copy(update=told)
        parts = ("facts", *self.questions)
        told["usage"] = tuple(
            Usage(part=part, calls=2, input_tokens=100, cached_tokens=40, output_tokens=10, cost=0.5) for part in parts
        )
        told["windowed"] = one.id.startswith("case-0001")
        told["disagreements"] = (Disagreement(turn=1, kind="price", rule="1", judge="2"),)
        evidence = (Evidence(turn=1, end=3, quote=one.turns[1].text[:3]),)
        kind = Answered(value=1.0, confidence=0.9, source="judge", evidence=evidence)
        told["answers"] = dict.fromkeys(self.questions, kind)
        return self._read(one, lexicon).model_copy(update=told)


def judged(n: int, reader: Asking | None = None, **fields: Any) -> RunInputs:
    evaluators = [EvaluatorInUse(Pitching()), EvaluatorInUse(Brevity()), EvaluatorInUse(Kind(), kind="judge")]
    given = {"evaluators": evaluators, "reader": reader or Asking(), "judge": JUDGE, **fields}
    return inputs([source(number) for number in range(n)], **given)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def name(number: int) -> str:
    return f"case-{number:04}.v1"


@pytest.fixture(autouse=True)
def _batches_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "BEGUN_AT_ONCE", 4)


# --- ahead ---


def test_the_next_conversations_are_begun_before_the_first_is_waited_for(tmp_path: Path) -> None:
    reader = Asking()
    run(judged(200, reader), tmp_path)

    assert reader.begun_at_first is not None
    assert execute.AHEAD < reader.begun_at_first <= execute.AHEAD + execute.BEGUN_AT_ONCE
    assert reader.collected == [name(number) for number in range(200)]


def test_a_local_reader_reads_a_whole_batch_at_a_time(tmp_path: Path) -> None:
    told: list[Progress] = []
    run(inputs([source(number) for number in range(100)]), tmp_path, progress=told.append)

    assert [one.conversations for one in told] == [64, 100]


def test_each_batch_is_journalled_as_soon_as_it_is_there(tmp_path: Path) -> None:
    journalled: list[int] = []

    def count(_: Progress) -> None:
        journalled.append((tmp_path / "journal").read_bytes().count(b"\n"))

    run(judged(12), tmp_path, progress=count)

    assert journalled == [4, 8, 12]


# --- failures ---


def test_what_a_judge_failed_to_give_is_errored_with_its_class_and_nothing_else_is(tmp_path: Path) -> None:
    result = run(judged(3, Asking(failing=frozenset([name(1)]))), tmp_path)
    rows = {row.conversation_id: row for row in result.conversations()}
    states = {one: rolled.state for one, rolled in rows[name(1)].rollups.items()}

    assert states == {"pitching": "errored", "brevity": "scored", "kind": "errored"}
    assert rows[name(1)].rollups["kind"].error == "timeout"
    assert (rows[name(1)].pitches, rows[name(1)].offered, rows[name(0)].pitches) == (None, None, 0)
    errored = [row for row in result.rows() if row.state == "errored"]
    assert {row.error for row in errored} == {TIMEOUT}
    assert result.manifest.coverage is not None
    assert result.manifest.coverage < 1


def test_a_run_that_is_done_asks_again_only_where_the_judge_failed(tmp_path: Path) -> None:
    with ReadingCache(tmp_path / "cache") as cache:
        run(judged(8, Asking(failing=frozenset([name(2), name(5)]))), tmp_path / "a", cache=cache)
        again = Asking()
        result = run(judged(8, again), tmp_path / "a", cache=cache)
        whole = run(judged(8), tmp_path / "b")

    assert again.read_ids == [name(2), name(5)]
    assert result.manifest.counts.errored == 0
    assert contents(tmp_path / "a") == contents(whole.out_dir)


def test_an_interrupted_run_asks_again_where_the_judge_failed(tmp_path: Path) -> None:
    ends: dict[str, BaseException] = {name(70): KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        run(judged(100, Asking(failing=frozenset([name(3)]), ends=ends)), tmp_path)
    again = Asking()
    run(judged(100, again), tmp_path)

    assert name(3) in again.read_ids
    assert not {name(number) for number in range(68) if number != 3} & set(again.read_ids)


# --- stopping ---


def test_when_a_limit_is_reached_the_others_answers_are_kept_and_the_run_goes_on(tmp_path: Path) -> None:
    reader = Asking(ends={name(9): Stopped("the limit is reached; raise it")})
    with pytest.raises(Stopped, match="the limit is reached; raise it"):
        run(judged(40, reader), tmp_path / "a")
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    again = Asking()
    run(judged(40, again), tmp_path / "a")
    run(judged(40), tmp_path / "b")

    assert manifest["status"] == "interrupted"
    assert reader.stopped
    assert again.read_ids == [name(number) for number in (8, 9, 10, 11)], "only the batch that was stopped"
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_after_an_interrupt_nothing_more_is_begun_and_what_is_in_flight_is_kept(tmp_path: Path) -> None:
    reader = Asking()

    def interrupt(progress: Progress) -> None:
        if not reader.stopped:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(judged(200, reader), tmp_path, progress=interrupt)
    begun = len(reader.read_ids)
    again = Asking()
    run(judged(200, again), tmp_path)

    assert begun <= execute.AHEAD + execute.BEGUN_AT_ONCE
    assert len(again.read_ids) == 200 - begun


def test_the_grace_of_what_is_in_flight_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "GRACE", 0.1)
    reader = Asking()

    def hang(conversation: str) -> None:
        if conversation >= name(8):
            if not reader.stopped:
                raise KeyboardInterrupt
            assert reader.closed.wait(20), "the reader is closed when the grace is over"
            raise TimeoutError

    reader.wait = hang
    with pytest.raises(KeyboardInterrupt):
        run(judged(40, reader), tmp_path)

    assert reader.closed.is_set()
    assert reader.collected == [name(number) for number in range(8)]


def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    reader = Asking(ends={name(4): KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run(judged(40, reader), tmp_path)

    assert reader.collected == [name(number) for number in range(4)]
    assert len(run(judged(40), tmp_path).aggregates) > 0


# --- what is asked ---


def test_a_rubric_is_not_asked_of_a_reader_without_a_judge(tmp_path: Path) -> None:
    evaluators = [EvaluatorInUse(Brevity()), EvaluatorInUse(Kind(), kind="judge")]
    with ReadingCache(tmp_path / "cache") as cache:
        run(inputs([source(1)], evaluators=evaluators[:1]), tmp_path / "a", cache=cache)
        again = FakeReader()
        result = run(inputs([source(1)], evaluators=evaluators, reader=again), tmp_path / "b", cache=cache)

    assert again.read_ids == [], "a reading is the same whatever rubrics there are"
    assert {row.state for row in result.rows() if row.evaluator == "kind"} == {"skipped"}


def test_a_rubric_is_judged_by_the_answer(tmp_path: Path) -> None:
    result = run(judged(1), tmp_path)

    assert {(row.value, row.source) for row in result.rows() if row.level == "conversation" and not row.rollup} == {
        (1.0, "judge")
    }


# --- what is told ---


def test_the_manifest_tells_what_was_asked_for_whom(tmp_path: Path) -> None:
    manifest = run(judged(3), tmp_path).manifest
    told = [(row.evaluator, row.cohort, row.calls, row.input_tokens, row.cost) for row in manifest.usage]

    assert told == [
        ("kind", "even", 4, 200, 1.0), ("kind", "odd", 2, 100, 0.5),
        ("reading", "even", 4, 200, 1.0), ("reading", "odd", 2, 100, 0.5),
    ]  # fmt: skip
    assert (manifest.calls, manifest.calls_saved, manifest.tokens, manifest.cost) == (6, 0, 660, 3.0)
    assert manifest.judge is not None
    assert (manifest.judge.windowed, manifest.judge.disagreements, manifest.judge.check) == (1, 3, "passed")


def test_calls_whose_answers_were_kept_are_told(tmp_path: Path) -> None:
    with ReadingCache(tmp_path / "cache") as cache:
        first = run(judged(3), tmp_path / "a", cache=cache).manifest
        second = run(judged(3), tmp_path / "b", cache=cache).manifest

    assert (first.calls, first.calls_saved) == (6, 0)
    assert (second.calls, second.calls_saved) == (6, 6)
    assert second.usage == first.usage


def test_replies_that_the_reader_had_kept_are_told(tmp_path: Path) -> None:
    reader = Asking(calls_saved=50)

    def kept(conversation: str) -> None:
        reader.calls_saved += 1

    reader.wait = kept
    assert run(judged(8, reader), tmp_path).manifest.calls_saved == 8


def test_a_resumed_run_tells_what_all_its_parts_asked(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        run(judged(12, Asking(ends={name(9): Stopped("no")})), tmp_path)
    manifest = run(judged(12), tmp_path).manifest

    assert (manifest.calls, manifest.calls_saved, manifest.cost) == (24, 0, 12.0)


def test_without_a_judge_nothing_is_told(tmp_path: Path) -> None:
    manifest = run(inputs([source(1)]), tmp_path).manifest

    assert (manifest.judge, manifest.calls, manifest.tokens, manifest.cost, manifest.usage) == (None, 0, 0, None, ())


def test_another_judge_is_another_run_but_another_check_is_not() -> None:
    ids = {
        manifest_of(judged(1, judge=judge)).run_id
        for judge in (
            JUDGE,
            JUDGE.model_copy(update={"check": "failed"}),
            JUDGE.model_copy(update={"sha256": "6" * 64}),
        )
    }

    assert len(ids) == 2


def test_rows_that_are_not_redacted_are_another_run_and_say_so() -> None:
    open_, closed = manifest_of(judged(1, redact=False)), manifest_of(judged(1))

    assert open_.run_id != closed.run_id
    assert (open_.redacted, closed.redacted) == (False, True)
