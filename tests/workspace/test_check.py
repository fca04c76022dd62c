from pathlib import Path

import pytest
from tests.small_workspace import BREVITY, change, small_workspace, write

from evalh.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(root: Path) -> list[str]:
    return [str(error) for error in Workspace(root).problems()]


def test_a_good_workspace_has_no_problems(root: Path) -> None:
    assert said(root) == []


def test_everything_is_said_at_once(root: Path) -> None:
    change(root, "configs/small.yaml", "golden_set: few", "golden_set: feww")
    change(root, "personas/calm.yaml", "name: Calm", "nam: Calm")
    write(root, "golden_sets/few/labels.jsonl", "{}\n")
    assert said(root) == [
        "personas/calm.yaml:1: name: is missing; add it",
        "personas/calm.yaml:3: unknown key 'nam'; did you mean 'name'?",
        "golden_sets/few/labels.jsonl:1: case: is missing (one of 4 problems here); add it",
        "configs/small.yaml:3: golden_set: there is no golden set 'feww'; did you mean 'few'?",
        "golden_sets/few/cases.jsonl:1: persona: there is no persona 'calm'; add it to personas/",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("configs/small.yaml", "brevity: {max_words: 30}", "brevty: {}",
         "configs/small.yaml:6: evaluators.brevty: there is no evaluator 'brevty'; did you mean 'brevity'?"),
        ("configs/small.yaml", "{max_words: 30}", "{max_word: 30}",
         "configs/small.yaml:6: evaluators.brevity: unknown key 'max_word'; did you mean 'max_words'?"),
        ("configs/small.yaml", "max_words: 30", "max_words: many",
         "configs/small.yaml:6: evaluators.brevity.max_words: should be a valid integer, unable to parse string as an "
         "integer, found 'many'; correct the value"),
        ("configs/small.yaml", "versions: [v1]", "versions: [v1, v2]",
         "configs/small.yaml:4: prompts.versions: there is no prompt version 'v2'; there is v1"),
        ("configs/small.yaml", "agent: care", "agent: sales",
         "configs/small.yaml:4: prompts.agent: there is no prompt of an agent 'sales'; there is care"),
        ("configs/small.yaml", "scorecard: card", "scorecard: cardd",
         "configs/small.yaml:7: scorecard: there is no scorecard 'cardd'; did you mean 'card'?"),
        ("configs/small.yaml", "scorecard: card", "personas: [kalm]",
         "configs/small.yaml:7: personas: there is no persona 'kalm'; did you mean 'calm'?"),
        ("configs/scorecards/card.yaml", "evaluator: brevity", "evaluator: brevitee",
         "configs/scorecards/card.yaml:6: sections.items.evaluator: there is no evaluator 'brevitee'; did you mean "
         "'brevity'?"),
        ("evaluators/brevity.py", "    max_words: int = 40", "    max_words: int = 40\n    scale = (0.0, 50.0)",
         "configs/scorecards/card.yaml:6: sections.items.evaluator: the values of 'brevity' cannot be weighed; let it "
         "score 0 to 1, higher is better, or leave it out"),
        ("configs/prompts/care/v1.md", "offer: FIBER-500", "offer: FIBER-50",
         "configs/prompts/care/v1.md:6: approved_copy.offer: the policy 'home' has no offer 'FIBER-50'; did you mean "
         "'FIBER-500'?"),
        ("golden_sets/few/set.yaml", "policy: home", "policy: hme",
         "golden_sets/few/set.yaml:4: policy: there is no policy 'hme'; did you mean 'home'?"),
        ("configs/policies/home@2.yaml", "in customer.open_cases", "in custmer.open_cases",
         "configs/policies/home@2.yaml:13: suppression.when: the condition \"'billing_dispute' in "
         "custmer.open_cases\" names 'custmer', which is none of customer, intents, channel, language; correct the "
         "expression"),
        ("configs/policies/home@2.yaml", "id: home", "id: house",
         "configs/policies/home@2.yaml:2: id: the file holds version '2' of 'house'; name it house@2.yaml"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_sentence(root: Path, file: str, old: str, new: str, sentence: str) -> None:
    change(root, file, old, new)
    assert sentence in said(root)


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ('"case": "c-9", "prompt_version": "v1"', "case: there is no case 'c-9'; did you mean 'c-1'?"),
        ('"case": "c-1", "prompt_version": "v7"',
         "prompt_version: there is no recording by 'v7', and 1 label is of it; record it or remove its labels"),
        ('"case": "c-1", "prompt_version": "v1", "trial": 1',
         "prompt_version: there is no recording of 'c-1' by 'v1', trial 1; record it or remove the label"),
        ('"case": "c-1", "prompt_version": "v1", "turn": 4',
         "turn: the recording has no turn 4, its last is 3; correct the turn"),
        ('"case": "c-1", "prompt_version": "v1"', "turn: is missing, and 'mood' is labelled of a turn; give the turn"),
        ('"case": "c-1", "prompt_version": "v1", "turn": 2',
         "turn: turn 2 is of role 'agent', and 'calm' (mood) is labelled of what the customer says; correct the turn"),
        ('"case": "c-1", "prompt_version": "v1", "turn": 1, "offer": "FIBRE-500"',
         "offer: the policy 'home' has no offer 'FIBRE-500'; did you mean 'FIBER-500'?"),
    ],
)  # fmt: skip
def test_labels_point_at_what_is_there(root: Path, label: str, sentence: str) -> None:
    write(root, "golden_sets/few/labels.jsonl", f'{{{label}, "construct": "mood", "label": "calm"}}\n')
    assert said(root) == [f"golden_sets/few/labels.jsonl:1: {sentence}"]


def test_a_version_without_a_recording_is_told_once_for_all_its_labels(root: Path) -> None:
    label = '{"case": "c-1", "prompt_version": "v7", "turn": 3, "construct": "mood", "label": "calm"}\n'
    write(root, "golden_sets/few/labels.jsonl", label * 40)
    (sentence,) = said(root)
    assert "labels.jsonl:1: prompt_version: there is no recording by 'v7', and 40 labels are of it; record" in sentence


def test_a_good_label_is_no_problem(root: Path) -> None:
    label = '{"case": "c-1", "prompt_version": "v1", "turn": 3, "construct": "mood", "label": "calm"}\n'
    write(root, "golden_sets/few/labels.jsonl", label)
    assert said(root) == []


def test_a_case_id_stands_once(root: Path) -> None:
    path = "golden_sets/few/cases.jsonl"
    write(root, path, (root / path).read_text() * 2)
    assert said(root) == [f"{path}:2: id: the case 'c-1' stands twice, first on line 1; rename one"]


def test_a_persona_id_stands_once(root: Path) -> None:
    write(root, "personas/other.yaml", (root / "personas/calm.yaml").read_text())
    assert said(root) == [
        "personas/other.yaml:2: id: personas/calm.yaml defines the persona 'calm' too; rename one of them"
    ]


def test_two_files_may_not_define_one_evaluator(root: Path) -> None:
    write(root, "evaluators/short.py", BREVITY)
    assert said(root) == [
        "evaluators/short.py: evaluators/brevity.py defines the evaluator 'brevity' too; rename one of them"
    ]


def test_a_recording_before_any_policy_version_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_workspace(tmp_path, started_at="2026-01-05T10:00:00Z")
    assert said(tmp_path) == [
        "golden_sets/few/recordings/v1.jsonl:1: the conversation 'r-1' is of 2026-01-05, but the first version of "
        "'home' is in force from 2026-10-01; add the version of that day"
    ]


def test_the_reference_has_no_problems() -> None:
    assert Workspace.reference().problems() == []


def test_a_version_stands_once_also_with_others_between(root: Path) -> None:
    text = (root / "configs/policies/home@2.yaml").read_text()
    write(root, "configs/policies/home@3.yaml", text.replace('"2"', '"1"').replace("2026-11-01", "2026-12-01"))
    assert (
        "configs/policies/home@3.yaml:3: version: configs/policies/home@1.yaml is version '1' too; "
        "give it a version of its own"
    ) in said(root)


def test_a_yml_file_is_not_passed_over_in_silence(root: Path) -> None:
    write(root, "personas/other.yml", "id: other\n")
    assert said(root) == ["personas/other.yml: is not read; rename it to other.yaml"]


def test_a_cohort_that_no_case_has_is_said_before_the_run(root: Path) -> None:
    change(root, "configs/small.yaml", "scorecard: card", "scorecard: card\ncohort: personna")
    assert said(root) == [
        "configs/small.yaml:8: cohort: there is no facet of the cases 'personna'; did you mean 'persona'?"
    ]


def test_a_version_that_cannot_be_read_does_not_leave_its_days_without_a_policy(root: Path) -> None:
    change(root, "configs/policies/home@1.yaml", "kind: upsell", "kind: no")
    assert len(said(root)) == 1
