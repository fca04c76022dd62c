import json
from pathlib import Path
from typing import Any

import pytest
from tests.agreement.labelled import relabel, row
from tests.golden.growing import PHONE, SET, conversation, growing_workspace
from tests.live_workspace import live_workspace
from tests.repository import committed, plain_git
from tests.small_workspace import change, write

from evalh.golden.check import check
from evalh.models.golden_check import GoldenCheck, GoldenFinding
from evalh.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    growing_workspace(tmp_path / "space", conversation())
    root = tmp_path / "space"
    (root / SET / "recordings/v2.jsonl").unlink()
    monkeypatch.chdir(root)
    plain_git(monkeypatch)
    return root


def looked(root: Path) -> GoldenCheck:
    return check(Workspace(root), "few")


def of(root: Path, kind: str) -> list[GoldenFinding]:
    return [one for one in looked(root).findings if one.kind == kind]


def say(root: Path, texts: dict[str, str], **fields: Any) -> None:
    """Recordings by v1: in each case, what the customer says."""
    digest = Workspace(root).prompt("care", "v1").sha256
    held = [
        {"id": f"{case}-0", "case": case, "prompt_sha256": digest, **fields,
         "turns": [{"role": "agent", "text": "Hi, this is Nora."}, {"role": "customer", "text": text}]}
        for case, text in texts.items()
    ]  # fmt: skip
    write(root, f"{SET}/recordings/v1.jsonl", "".join(json.dumps(one) + "\n" for one in held))


def test_a_set_is_counted_and_digested(root: Path) -> None:
    first = looked(root)
    assert (first.cases, first.families, first.recordings, first.errors) == (3, 3, {"v1": 3}, ())
    relabel(root, row("c-00", "mood", "calm", turn=1), row("c-01", "mood", "calm", turn=1, confirmed=False))
    second = looked(root)

    assert (second.labels, second.confirmed, second.proposed) == (2, 1, 0)
    assert second.golden_set.sha256 != first.golden_set.sha256
    assert GoldenCheck.model_validate_json(second.model_dump_json(by_alias=True)) == second


def test_what_validate_refuses_is_an_error_with_its_line(root: Path) -> None:
    change(root, f"{SET}/cases.jsonl", '"hurried"', '"nobody"')
    say(root, {"c-00": "hi"}, prompt_sha256="0" * 64)
    found = of(root, "broken")

    assert [(one.level, one.line) for one in found] == [("error", 2), ("error", None)]
    assert "there is no persona 'nobody'" in found[0].text
    assert "was recorded with another prompt" in found[1].text


def test_labels_that_contradict_each_other_or_the_recording_are_errors(root: Path) -> None:
    relabel(
        root,
        row("c-00", "mood", "calm", turn=1),
        row("c-00", "mood", "frustrated", turn=1, labeller="bob"),
        row("c-00", "reply", "refuse", turn=2),
        row("c-00", "act", "pitch", turn=9),
    )
    found = of(root, "label_conflict")

    assert [(one.level, one.line) for one in found] == [("error", 3), ("error", 4), ("error", 2)]
    assert "'frustrated' contradicts 'calm' on line 1" in found[2].text
    assert "turn 2 is of role 'agent'" in found[0].text


def test_labellers_who_differ_and_proposals_are_notes(root: Path) -> None:
    relabel(
        root,
        row("c-00", "mood", "calm", turn=1, confirmed=False),
        row("c-00", "mood", "frustrated", turn=1, confirmed=False, labeller="bob"),
        row("c-01", "mood", "frustrated", turn=1, confirmed=False, labeller="reader:x"),
    )
    assert looked(root).errors == ()
    (dispute,) = of(root, "label_dispute")
    assert (dispute.line, dispute.text) == (2, "bob says 'frustrated', and ann on line 1 says 'calm' (mood, turn 1)")
    (waiting,) = of(root, "unconfirmed")
    assert "evalh golden confirm few --by NAME" in waiting.text


def test_a_pitch_of_an_offer_that_nobody_named_is_doubted(root: Path) -> None:
    held = {**conversation(), "case": "c-00", "prompt_sha256": Workspace(root).prompt("care", "v1").sha256}
    write(root, f"{SET}/recordings/v1.jsonl", json.dumps(held) + "\n")
    act = {"construct": "act", "label": "pitch", "offer": "FIBER-500"}
    relabel(root, row("c-00", turn=2, **act), row("c-00", turn=4, **act))
    (found,) = of(root, "label_doubt")

    assert (found.level, found.line) == ("note", 1)
    assert "1 label of an offer that nobody has named up to that turn: pitch of FIBER-500 on line 1" in found.text


TALE = "my router went down last night at nine and since then the lights blink red and nothing loads at all"


def test_near_duplicates_are_told_once_and_by_template(root: Path) -> None:
    say(root, {"c-00": TALE, "c-01": TALE.replace("nine", "ten"), "c-02": "please cancel the second line on my plan"})
    (found,) = of(root, "near_duplicate")
    assert found.items == ("c-00", "c-01")
    assert found.similarity is not None
    assert 0.5 < found.similarity < 1
    assert "nearly the same by v1 (at least 0." in found.text
    assert found.text.endswith("c-00, c-01; keep one, or give all one template")
    path = root / SET / "cases.jsonl"
    path.write_text(path.read_text().replace('"persona"', '"template": "t", "persona"'))
    assert "they count as one, being of one template" in of(root, "near_duplicate")[0].text


def test_cases_without_recordings_are_compared_by_their_own_words(root: Path) -> None:
    goals = ["get the router of the upstairs office fixed", "get the router of the upstairs office fixed now", "pay"]
    cases = [{"id": f"c-{number}", "persona": "calm", "goal": goal} for number, goal in enumerate(goals)]
    write(root, f"{SET}/cases.jsonl", "".join(json.dumps(one) + "\n" for one in cases))
    (root / SET / "recordings/v1.jsonl").unlink()
    (found,) = of(root, "near_duplicate")

    assert found.items == ("c-0", "c-1")
    assert found.text.startswith("nearly the same as cases (at least 0.8")


def test_many_near_duplicates_are_one_group(root: Path) -> None:
    say(root, {"c-02": TALE, "c-00": TALE.replace("nine", "ten"), "c-01": TALE.replace("router", "box")})
    (found,) = of(root, "near_duplicate")
    assert found.items == ("c-00", "c-01", "c-02")


def test_trials_of_one_case_are_no_duplicates(root: Path) -> None:
    say(root, {"c-00": TALE})
    path = root / SET / "recordings/v1.jsonl"
    line = path.read_text()
    path.write_text(line + line.replace('"id": "c-00-0"', '"id": "c-00-1", "trial": 1'))
    assert of(root, "near_duplicate") == []


def test_what_is_lacking_is_told(root: Path) -> None:
    kinds = {one.kind for one in looked(root).findings}
    assert {"cohort_gap", "unseen_offer"} <= kinds
    write(root, "personas/new.yaml", "schema: evalh.persona/1\nid: new\nname: New\n")
    assert of(root, "unused_persona")[0].items == ("new",)
    say(root, {"c-00": "what does Fiber 500 cost"})
    assert of(root, "unseen_offer") == []
    assert of(root, "version_gap")[0].items == ("c-01", "c-02")


def test_personal_data_is_told_by_turn_without_being_repeated(root: Path) -> None:
    say(root, {"c-00": f"call me on {PHONE}"})
    change(root, f"{SET}/cases.jsonl", '"c-00", ', f'"c-00", "goal": "be called on {PHONE}", ')
    recorded, case = of(root, "personal_data")

    assert (recorded.line, recorded.items) == (1, ("c-00",))
    assert "turn 1 (PHONE)" in recorded.text
    assert (case.file, case.line) == (f"{SET}/cases.jsonl", 1)
    assert "2671" not in looked(root).model_dump_json()


def test_recordings_that_do_not_say_their_prompt_are_told(root: Path) -> None:
    say(root, {"c-00": "hi"}, prompt_sha256=None)
    (found,) = of(root, "stale")
    assert "1 recording without prompt_sha256" in found.text


def test_live_recordings_that_no_run_uses_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalh.cli.main import main

    root = tmp_path / "space"
    live_workspace(root, cases=2)
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    assert main(["simulate"]) == 0
    assert of(root, "stale") == []
    change(root, "configs/prompts/care/v2.md", "Explain everything.", "Explain all.")
    (found,) = of(root, "stale")
    assert found.text.startswith("2 live recordings of a prompt that has changed, which no run uses: c-00.v2, c-01.v2")
    path = next((root / SET / "recordings/small/v1").iterdir())
    path.write_text(path.read_text().replace("wifi", "wi-fi"))
    assert "was changed by hand" in of(root, "broken")[0].text


def test_content_that_changed_under_the_same_version_is_told(root: Path) -> None:
    commit = committed(root)
    assert of(root, "same_version") == []
    change(root, f"{SET}/cases.jsonl", '"hurried"', '"calm"')
    (found,) = of(root, "same_version")
    assert found.text == f"cases.jsonl changed since version '1' was given ({commit[:12]}); give the set another"
    committed(root)
    assert of(root, "same_version")[0].text == found.text
    change(root, f"{SET}/set.yaml", 'version: "1"', 'version: "2"')
    assert of(root, "same_version") == []
    committed(root)
    assert of(root, "same_version") == []


def test_an_addition_that_was_interrupted_is_told(root: Path) -> None:
    (root / SET / ".staged").mkdir()
    assert of(root, "broken") == []
    (root / SET / ".staged/list.json").write_text("[]")
    (found,) = of(root, "broken")
    assert found.level == "error"
    assert "an addition was interrupted" in found.text
