"""The telecom reference set: big, varied, labelled by others than its writers, and judged as its edit deserves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from evalh.evaluator import EvalContext, evaluate_all
from evalh.models import Conversation, Manifest, Score, ScoreRow
from evalh.reader.local import LocalReader
from evalh.runner import load_run
from evalh.workspace import Workspace

ROOT = Path(__file__).parents[2]
WORKSPACE = Workspace.find(ROOT)
SET = WORKSPACE.golden_set("brightwater_care")
RECORDINGS = {version: list(WORKSPACE.recordings("brightwater_care", version)) for version in ("v1", "v2")}


def test_every_persona_has_twelve_cases_recorded_with_both_versions() -> None:
    per_persona = Counter(case.persona for case in SET.cases)
    assert len(SET.cases) >= 96
    assert set(per_persona.values()) == {12}
    assert len(per_persona) == len(WORKSPACE.personas()) == 10
    cases = {case.id for case in SET.cases}
    assert {held.case for held in RECORDINGS["v1"]} == {held.case for held in RECORDINGS["v2"]} == cases


def test_conversations_are_of_lifelike_length_on_both_channels_and_under_both_policies() -> None:
    held = [*RECORDINGS["v1"], *RECORDINGS["v2"]]
    assert all(8 <= len(conversation.turns) <= 31 for conversation in held)
    assert {conversation.channel for conversation in held} == {"voice", "chat"}
    policies = WORKSPACE.policies("brightwater-care")
    days = [conversation.started_at.date() for conversation in held if conversation.started_at]
    versions = {found.policy.version for day in days if (found := policies.in_force(day))}
    assert versions == {"2026.10", "2026.11"}


def test_no_two_customers_say_the_same_thing() -> None:
    said = Counter(
        turn.text.lower() for held in RECORDINGS["v1"] for turn in held.customer_turns() if len(turn.text.split()) >= 8
    )
    assert [text for text, times in said.items() if times > 1] == []


def test_labels_cover_every_conversation_and_name_their_labeller() -> None:
    labelled = {(label.case, label.prompt_version) for label in SET.labels}
    assert len(labelled) == 240
    assert all(label.labeller for label in SET.labels)
    assert {"act", "reply", "issue", "groundedness", "eligibility", "disclosure"} <= {
        label.construct_ for label in SET.labels
    }


@pytest.fixture(scope="module")
def summaries() -> dict[str, list[Score]]:
    return {version: list(_summaries(version, held)) for version, held in RECORDINGS.items()}


def _summaries(version: str, held: list[Conversation]) -> list[Score]:
    policies = WORKSPACE.policies("brightwater-care")
    prompt = WORKSPACE.prompt("care", version)
    evaluators = WORKSPACE.evaluators_for()
    found: list[Score] = []
    for conversation, reading in zip(held, LocalReader().read(held, policies.lexicon), strict=True):
        day = conversation.started_at.date() if conversation.started_at else None
        ctx = EvalContext(conversation, reading, policies, policies.in_force(day), prompt)
        found += [score for score in evaluate_all(evaluators, ctx) if score.rollup]
    return found


@pytest.mark.parametrize("evaluator", ["objection_handling", "eligibility", "resolution"])
def test_the_edit_that_pushes_harder_has_more_faults(summaries: dict[str, list[Score]], evaluator: str) -> None:
    faults = {
        version: sum(score.passed is False for score in scores if score.evaluator == evaluator)
        for version, scores in summaries.items()
    }
    assert faults["v2"] > faults["v1"]


def test_nothing_errors_on_the_reference_set(summaries: dict[str, list[Score]]) -> None:
    assert [score.reason for scores in summaries.values() for score in scores if score.state == "errored"] == []


def test_the_committed_sample_of_results_is_as_the_schema_says() -> None:
    sample = ROOT / "results" / "sample"
    manifest = Manifest.model_validate_json((sample / "manifest.json").read_bytes())
    rows = [ScoreRow.model_validate_json(line) for line in (sample / "scores.jsonl").read_bytes().split(b"\n") if line]
    assert manifest.status == "complete"
    assert {row.run_id for row in rows} == {manifest.run_id}


def test_the_committed_sample_is_whole_and_has_a_verdict() -> None:
    result = load_run(ROOT / "results" / "sample")
    assert [comparison.verdict for comparison in result.comparisons] == ["REGRESSION"]
