from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.runner.fakes import (
    POLICIES,
    PROMPTS,
    V1,
    Brevity,
    FakeReader,
    Pitching,
    PolicyVersion,
    inputs,
    source,
    two_versions,
)

from evalh.errors import BadInput, NotFound, UserError
from evalh.evaluator import EvalContext, Evaluator
from evalh.models import FileInfo, Item, Question, RejectedInput, Score, Scorecard, Section
from evalh.runner import EvaluatorInUse, Progress, RunFiles, RunInputs, Source, load_run, run, run_id_of
from evalh.store.cache import ReadingCache
from evalh.testing import make_conversation

RESULTS = ("scores.jsonl", "conversations.jsonl", "readings.jsonl", "aggregates.json")


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def compared(sources: Iterable[Any], **fields: Any) -> RunInputs:
    return inputs(sources, prompts=PROMPTS, **fields)


# --- what is left on disk ---


def test_a_run_leaves_its_results_a_complete_manifest_and_no_journal(tmp_path: Path) -> None:
    result = run(compared(two_versions(4)), tmp_path / "out")

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([*RESULTS, "manifest.json"])
    assert result.manifest.status == "complete"
    assert (result.manifest.conversations, result.manifest.turns) == (8, 16)
    assert result.manifest.counts.model_dump() == {
        "scored": 10, "not_applicable": 6, "unsure": 0, "errored": 0, "skipped": 0,
    }  # fmt: skip


def test_rows_are_sorted_with_what_is_missing_first(tmp_path: Path) -> None:
    result = run(compared([*two_versions(3), Source(None, make_conversation("C: hi", id="x"))]), tmp_path)
    rows = list(result.rows())
    keys = [
        (
            row.prompt_version or "",
            row.case or "",
            row.trial,
            row.conversation_id,
            row.evaluator,
            row.level,
            row.turn or -1,
        )
        for row in rows
    ]

    assert keys == sorted(keys)
    assert rows[0].prompt_version is None
    assert {row.run_id for row in rows} == {result.manifest.run_id}


def test_rows_carry_the_case_the_customer_and_the_policy_version(tmp_path: Path) -> None:
    kept = source(1, facets={"intent": "billing"}, started_at="2026-10-05T10:00:00Z")
    row = next(run(inputs([kept], policies=POLICIES), tmp_path).rows())

    assert (row.prompt_version, row.case, row.persona) == ("v1", "case-0001", "odd")
    assert (row.facets, row.policy_version, row.policy_assumed) == ({"intent": "billing"}, "1", False)


def test_a_conversation_row_tells_what_was_offered_and_each_evaluators_summary(tmp_path: Path) -> None:
    (row,) = run(inputs([source(1, text="buy fiber")]), tmp_path).conversations()

    assert (row.pitches, row.offered, row.accepted, row.resolved) == (1, ("FIBER-500",), (), None)
    assert (row.rollups["pitching"].passed, row.rollups["brevity"].value) == (False, 1.0)


def test_the_scorecards_verdict_is_in_the_rows_and_in_the_conversation_row(tmp_path: Path) -> None:
    card = Scorecard(id="card", sections=(Section(id="all", items=(Item(id="pitch", evaluator="pitching"),)),))
    result = run(inputs([source(1, text="buy fiber")], scorecard=card), tmp_path)
    (row,) = result.conversations()

    assert (row.quality, row.quality_label, row.auto_failed) == (0.0, "fail", False)
    assert "conversation_quality" in {found.evaluator for found in result.rows()}
    assert "conversation_quality" in {found.evaluator for found in result.aggregates}


def test_readings_stand_in_the_order_of_the_conversations(tmp_path: Path) -> None:
    result = run(compared(two_versions(3)), tmp_path)

    assert [reading.conversation for reading in result.readings()] == [
        row.conversation_id for row in result.conversations()
    ]


def test_versions_are_judged_and_comparing_them_is_left_to_others(tmp_path: Path) -> None:
    result = run(compared(two_versions(6)), tmp_path)
    means = {
        (cell.prompt_version, cell.evaluator): cell.compared_mean for cell in result.aggregates if cell.cohort == "*"
    }

    assert means["v1", "pitching"] == 1.0
    assert means["v2", "pitching"] == pytest.approx(2 / 3)
    assert result.comparisons == ()


def test_a_conversation_row_carries_the_family_of_its_case(tmp_path: Path) -> None:
    held = source(1)
    held = held._replace(case=held.case.model_copy(update={"template": "dispute"}) if held.case else None)
    (row,) = run(inputs([held]), tmp_path).conversations()

    assert (row.template, row.critical) == ("dispute", {})


def test_a_critical_verdict_of_a_rule_is_in_the_conversation_row(tmp_path: Path) -> None:
    def critical(found_by: Literal["rule", "model"]) -> list[dict[str, tuple[str, ...]]]:
        used = [EvaluatorInUse(Forbidden(found_by=found_by)), EvaluatorInUse(Brevity())]
        sources = [source(1, text="buy fiber"), source(2)]
        return [row.critical for row in run(inputs(sources, evaluators=used), tmp_path / found_by).conversations()]

    assert critical("rule") == [{"forbidden": ("banned",)}, {}]
    assert critical("model") == [{}, {}]


def test_the_manifest_keeps_the_gates_settings_and_the_digests_of_the_rows(tmp_path: Path) -> None:
    result = run(compared(two_versions(4), gate={"alpha": 0.1}), tmp_path)
    rows = [name for name in RESULTS if name in result.manifest.files]

    assert (rows, result.manifest.gate) == (list(RESULTS), {"alpha": 0.1})
    assert result.manifest.files["scores.jsonl"] == hashlib.sha256((tmp_path / "scores.jsonl").read_bytes()).hexdigest()


# --- the same inputs, the same bytes ---


def test_the_same_inputs_leave_the_same_bytes_in_whatever_order_they_come(tmp_path: Path) -> None:
    run(compared(two_versions(9)), tmp_path / "a")
    run(compared(sorted(two_versions(9), key=lambda item: item.conversation.id)), tmp_path / "b")

    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_readings_from_the_cache_leave_the_same_bytes_without_reading(tmp_path: Path) -> None:
    again = FakeReader()
    with ReadingCache(tmp_path / "cache") as cache:
        run(compared(two_versions(9)), tmp_path / "a", cache=cache)
        run(compared(two_versions(9), reader=again), tmp_path / "b", cache=cache)

    assert again.read_ids == []
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_an_interrupted_run_goes_on_where_it_was_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    run(compared(two_versions(90)), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(compared(two_versions(90), reader=FakeReader(fails_at=128)), tmp_path / "out")
    assert manifest(tmp_path / "out")["status"] == "interrupted"

    rest = FakeReader()
    seen: list[Progress] = []
    run(compared(two_versions(90), reader=rest), tmp_path / "out", progress=seen.append)
    assert len(rest.read_ids) == 180 - 128
    assert seen[-1] == Progress(conversations=180, resumed=128, cached=0, rejected=0)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_an_error_on_the_way_keeps_what_was_judged(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a bug"):
        run(compared(two_versions(40), reader=FakeReader(64, ValueError("a bug"))), tmp_path)
    rest = FakeReader()
    run(compared(two_versions(40), reader=rest), tmp_path)

    assert len(rest.read_ids) == 16


KILLED = """
import os, signal, sys
from pathlib import Path
from evalh.runner import run
from tests.runner.fakes import PROMPTS, FakeReader, inputs, two_versions

class Killed(FakeReader):
    def read(self, conversations, lexicon, questions=()):
        if len(self.read_ids) >= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(conversations, lexicon, questions)

run(inputs(two_versions(90), reader=Killed(), prompts=PROMPTS), Path(sys.argv[1]))
"""


@pytest.mark.parametrize("after", [0, 64, 128])
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, after: int) -> None:
    run(compared(two_versions(90)), tmp_path / "whole")
    script = [sys.executable, "-c", KILLED, str(tmp_path / "out"), str(after)]
    killed = subprocess.run(script, check=False, env={"PYTHONPATH": "src:."})
    assert killed.returncode == -signal.SIGKILL
    assert manifest(tmp_path / "out")["status"] == "running"

    rest = FakeReader()
    run(compared(two_versions(90), reader=rest), tmp_path / "out")
    assert len(rest.read_ids) == 180 - after
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_torn_and_damaged_journal_costs_only_what_was_damaged(tmp_path: Path) -> None:
    run(compared(two_versions(90)), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(compared(two_versions(90), reader=FakeReader(fails_at=128)), tmp_path / "out")
    journal = tmp_path / "out" / "journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:5], lines[5].replace(b"even", b"evem", 1), *lines[6:]])[:-20])

    rest = FakeReader()
    run(compared(two_versions(90), reader=rest), tmp_path / "out")
    assert len(rest.read_ids) == 180 - 126
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_without_resume_everything_is_judged_anew(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(compared(two_versions(90), reader=FakeReader(fails_at=128)), tmp_path)
    again = FakeReader()
    run(compared(two_versions(90), reader=again), tmp_path, resume=False)

    assert len(again.read_ids) == 180


def test_a_conversation_that_is_no_longer_among_the_sources_is_no_longer_in_the_results(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(compared(two_versions(90), reader=FakeReader(fails_at=128)), tmp_path)
    result = run(compared(two_versions(10)), tmp_path)

    assert result.manifest.conversations == 20


# --- the id, and another run in the same folder ---


def test_the_run_id_depends_on_the_inputs_but_not_on_the_number_of_trials() -> None:
    base = run_id_of(compared([]))
    other = [
        run_id_of(compared([], policies=POLICIES)),
        run_id_of(compared([], seed=1)),
        run_id_of(compared([], unsure_below=0.6)),
        run_id_of(compared([], evaluators=[EvaluatorInUse(Pitching()), EvaluatorInUse(Brevity(threshold=0.9))])),
        run_id_of(compared([], evaluators=[EvaluatorInUse(Pitching(), sha256="x"), EvaluatorInUse(Brevity())])),
    ]

    assert run_id_of(compared([], trials=5)) == base
    assert run_id_of(compared([], gate={"alpha": 0.1})) == base
    assert run_id_of(compared([], baseline="v2")) == base
    assert len({base, *other}) == len(other) + 1


def test_other_recordings_of_a_golden_set_are_the_same_run_and_other_transcripts_another() -> None:
    def of(sha256: str, golden_set: FileInfo | None = None) -> str:
        kept = RunFiles(source=FileInfo(id="recordings", sha256=sha256), golden_set=golden_set)
        return run_id_of(compared([], files=kept))

    golden = FileInfo(id="care", version="1", sha256="c" * 64)
    assert of("a" * 64, golden) == of("b" * 64, golden)
    assert of("a" * 64) != of("b" * 64)


def test_trials_that_were_added_are_judged_beside_those_that_were_there(tmp_path: Path) -> None:
    first = run(inputs([source(1)], trials=1), tmp_path)
    second = run(inputs([source(1), source(1, trial=1)], trials=2), tmp_path)

    assert (second.manifest.run_id, second.manifest.conversations) == (first.manifest.run_id, 2)
    assert [row.trial for row in second.conversations()] == [0, 1]


def test_a_folder_with_another_run_is_refused_and_the_difference_told(tmp_path: Path) -> None:
    run(inputs([source(1)]), tmp_path)
    before = (tmp_path / "scores.jsonl").read_bytes()
    with pytest.raises(UserError) as raised:
        run(inputs([source(1)], seed=3, policies=POLICIES), tmp_path)

    assert "holds another run (seed: 0 → 3; policies.test-policy@1: none → " in str(raised.value)
    assert str(raised.value).endswith("choose another folder with --out, or give --fresh")
    assert (tmp_path / "scores.jsonl").read_bytes() == before


def test_a_run_that_stopped_before_anything_was_judged_does_not_hold_its_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        run(inputs([source(1, prompt_sha256="0" * 64)], prompts=PROMPTS), tmp_path)

    assert run(inputs([source(1)]), tmp_path).manifest.conversations == 1


def test_two_runs_cannot_write_to_one_folder(tmp_path: Path) -> None:
    def nested() -> Iterator[Source]:
        run(inputs([source(1)]), tmp_path)
        yield source(2)

    with pytest.raises(UserError, match="another evalh is writing to"):
        run(inputs(nested()), tmp_path)


def test_a_run_that_did_not_end_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(compared(two_versions(40), reader=FakeReader(fails_at=64)), tmp_path)
    with pytest.raises(BadInput, match="the run is interrupted; run it again to complete it"):
        load_run(tmp_path)


@pytest.mark.parametrize("name", RESULTS)
def test_a_file_that_was_changed_or_is_gone_is_told_from_one_that_was_not(tmp_path: Path, name: str) -> None:
    run(compared(two_versions(4)), tmp_path)
    whole = (tmp_path / name).read_bytes()
    for held in (whole[:-1], whole + b"\n", b""):
        (tmp_path / name).write_bytes(held)
        with pytest.raises(BadInput, match=f"{name}: was changed or cut off after the run; run it again with --fresh"):
            load_run(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(NotFound, match=f"{name}: no such file; run it again"):
        load_run(tmp_path)
    (tmp_path / name).write_bytes(whole)
    assert load_run(tmp_path).manifest.conversations == 8


def test_a_newer_major_version_of_a_result_is_refused(tmp_path: Path) -> None:
    run(compared([source(1)]), tmp_path)
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text.replace("evalh.manifest/1", "evalh.manifest/12"))

    said = r"manifest\.json: schema: is 'evalh\.manifest/12', and this evalh reads evalh\.manifest/1; install the evalh"
    with pytest.raises(BadInput, match=said):
        load_run(tmp_path)


# --- what cannot be judged ---


def test_a_recording_of_another_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        run(inputs([source(1, prompt_sha256="ab" * 32)], prompts=PROMPTS), tmp_path)

    assert str(raised.value) == (
        "the conversation 'case-0001.v1' of prompt version v1 was recorded with another version of prompt v1"
        f" (sha256 abababababab…, now {V1.sha256[:12]}…); record it again or restore the prompt"
    )


def test_a_recording_of_the_very_prompt_is_accepted(tmp_path: Path) -> None:
    assert run(inputs([source(1, prompt_sha256=V1.sha256)], prompts=PROMPTS), tmp_path).manifest.conversations == 1


def test_a_conversation_before_any_policy_version_is_refused_or_listed(tmp_path: Path) -> None:
    old = source(1, started_at="2020-01-01T00:00:00Z")
    with pytest.raises(BadInput, match="is of 2020-01-01, but the first version of 'test-policy' is in force from"):
        run(inputs([old], policies=POLICIES), tmp_path / "strict")
    result = run(inputs([old, source(2)], policies=POLICIES, skip_bad=True), tmp_path / "lenient")

    assert result.manifest.conversations == 1
    assert [item.place for item in result.manifest.rejected] == ["case-0001.v1"]


def test_a_conversation_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'case-0001.v1' of prompt version v1 comes twice"):
        run(inputs([source(1), source(1)]), tmp_path)


def test_what_the_source_rejected_is_listed(tmp_path: Path) -> None:
    rejected = RejectedInput(place="calls.jsonl:7", problem="is no JSON")
    result = run(inputs([source(1), rejected]), tmp_path)

    assert result.manifest.rejected == (rejected,)


@pytest.mark.parametrize(
    ("started", "as_of", "version", "assumed"),
    [
        ("2026-10-05T10:00:00Z", date(2026, 11, 5), "1", False),
        (None, date(2026, 10, 5), "1", False),
        (None, None, "2", True),
    ],
)
def test_the_policy_of_the_day_applies_else_of_the_day_asked_for_else_the_newest(
    tmp_path: Path, started: str | None, as_of: date | None, version: str, assumed: bool
) -> None:
    given = inputs(
        [source(1, started_at=started)], policies=POLICIES, as_of=as_of, evaluators=[EvaluatorInUse(PolicyVersion())]
    )
    row = next(run(given, tmp_path).rows())

    assert (row.label, row.policy_version, row.policy_assumed) == (version, version, assumed)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"evaluators": []}, "there is no evaluator to run"),
        ({"evaluators": [EvaluatorInUse(Brevity()), EvaluatorInUse(Brevity())]}, "'brevity' is given twice"),
        ({"prompts": PROMPTS, "baseline": "v9"}, "the baseline 'v9' is not among the prompt versions v1, v2"),
        ({"policies": POLICIES, "as_of": date(2020, 1, 1)}, "no version of 'test-policy' is in force on 2020-01-01"),
    ],
)
def test_mistakes_in_the_settings_are_told_before_anything_is_written(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run(inputs([source(1)], **fields), tmp_path / "out")

    assert not (tmp_path / "out").exists()


class Forbidden(Evaluator):
    """Every pitch is a critical fault, found by a rule or by a model."""

    acts = True
    found_by: Literal["rule", "model"] = "rule"

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        for pitch in ctx.pitches():
            cited = {"source": self.found_by, "evidence": ctx.cite(pitch)}
            yield Score(turn=pitch.turn, value=0.0, label="banned", severity="critical", **cited)


class Asking(Evaluator):
    """Asks what it is told to, or fails to."""

    broken: bool = False

    def questions(self, ctx: EvalContext) -> list[Question]:
        if self.broken:
            raise KeyError("no such thing")
        return [Question(kind="similar", text="anything else")]

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        yield Score(turn=1, value=1.0)


def test_an_evaluator_that_cannot_ask_its_questions_is_errored_and_the_others_are_not(tmp_path: Path) -> None:
    used = [EvaluatorInUse(Asking(broken=True)), EvaluatorInUse(Brevity())]
    (row,) = run(inputs([source(1)], evaluators=used), tmp_path).conversations()

    assert (row.rollups["asking"].state, row.rollups["brevity"].state) == ("errored", "scored")


def test_another_question_is_another_reading(tmp_path: Path) -> None:
    again = FakeReader()
    with ReadingCache(tmp_path / "cache") as cache:
        run(inputs([source(1)]), tmp_path / "a", cache=cache)
        run(inputs([source(1)], reader=again, evaluators=[EvaluatorInUse(Asking())]), tmp_path / "b", cache=cache)

    assert again.read_ids == ["case-0001.v1"]


def test_memory_does_not_grow_with_the_number_of_conversations(tmp_path: Path) -> None:
    def peak(n: int) -> int:
        tracemalloc.start()
        run(inputs(source(number, text="word " * 400) for number in range(n)), tmp_path / str(n))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(64)
    small = peak(128)
    assert peak(1_024) < 1.5 * small + 2_000_000


def test_a_journal_without_its_manifest_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(compared(two_versions(90), reader=FakeReader(fails_at=128)), tmp_path)
    (tmp_path / "manifest.json").unlink()
    again = FakeReader()
    run(compared(two_versions(90), reader=again), tmp_path)

    assert len(again.read_ids) == 180


def test_a_manifest_that_is_a_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").mkdir()

    with pytest.raises(UserError, match=r"manifest\.json: cannot be read"):
        run(compared([source(1)]), tmp_path)


def test_a_refused_folder_is_left_as_it_was(tmp_path: Path) -> None:
    run(inputs([source(1)]), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UserError, match="holds another run"):
        run(inputs([source(1)], seed=3), tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
