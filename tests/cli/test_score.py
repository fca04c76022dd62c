import json
from pathlib import Path

from tests.cli.conftest import Ended, Evalh
from tests.small_workspace import RUBRIC_FILE, write

TURNS = [
    {"role": "customer", "text": "how much is my bill"},
    {"role": "agent", "text": "It is $40. Would you like Fiber 500 for $5 a month?"},
    {"role": "customer", "text": "no thanks"},
    {"role": "agent", "text": "Are you sure? Fiber 500 is great. Shall I add Fiber 500?"},
]


def transcripts(root: Path, *names: str) -> None:
    write(root, "t.jsonl", "".join(json.dumps({"id": name, "turns": TURNS}) + "\n" for name in names))


def rows(done: Ended) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_findings_are_printed_with_the_turn_they_quote(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    done = evalh("score", "t.jsonl", "--policy", "home", "--encoder", "none")
    assert (done.code, done.err) == (0, "")
    assert "wrong_price" in done.out
    assert "Shall I add Fiber 500?" in done.out


def test_without_out_nothing_is_left_behind(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    before = {path for path in root.rglob("*") if ".cache" not in path.parts}
    done = evalh("score", "t.jsonl", "--policy", "home", "--encoder", "none")
    after = {path for path in root.rglob("*") if ".cache" not in path.parts}
    assert after == before
    assert "results in" not in done.out


def test_with_out_the_results_are_kept(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    done = evalh("score", "t.jsonl", "--policy", "home", "--encoder", "none", "--out", "kept")
    assert "results in kept" in done.out
    assert (root / "kept/scores.jsonl").is_file()


def test_json_prints_rows(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a", "b")
    found = rows(evalh("score", "t.jsonl", "--policy", "home", "--encoder", "none", "--json"))
    assert {row["conversation_id"] for row in found} == {"a", "b"}
    assert {row["schema"] for row in found} == {"evalh.score/1"}


def test_evaluators_can_be_chosen(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    done = evalh("score", "t.jsonl", "--encoder", "none", "--json", "--evaluator", "tone", "--evaluator", "brevity")
    assert {row["evaluator"] for row in rows(done)} == {"tone", "brevity"}


def test_without_a_policy_what_needs_one_is_skipped(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    done = evalh("score", "t.jsonl", "--encoder", "none", "--json", "--evaluator", "eligibility")
    assert {row["state"] for row in rows(done)} <= {"skipped", "not_applicable"}


def test_limit_reads_only_the_first(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a", "b", "c")
    done = evalh("score", "t.jsonl", "--encoder", "none", "--json", "--limit", "2")
    assert {row["conversation_id"] for row in rows(done)} == {"a", "b"}


def test_as_of_chooses_the_policy_version(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    command = ("score", "t.jsonl", "--policy", "home", "--encoder", "none", "--json")
    assert {row["policy_version"] for row in rows(evalh(*command))} == {"2"}
    assert {row["policy_version"] for row in rows(evalh(*command, "--as-of", "2026-10-05"))} == {"1"}


def test_a_prompt_counts_for_every_conversation(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    prompt = "configs/prompts/care/v1.md"
    done = evalh("score", "t.jsonl", "--policy", "home", "--prompt", prompt, "--encoder", "none", "--json")
    reasons = [row["reason"] for row in rows(done) if row["evaluator"] == "prompt_conformance"]
    assert "no prompt was given" not in reasons
    assert "no prompt was given" in evalh("score", "t.jsonl", "--encoder", "none", "--json").out


def test_several_sources_are_one_scoring(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    write(root, "u.jsonl", (root / "t.jsonl").read_text().replace('"a"', '"b"'))
    done = evalh("score", "t.jsonl", "u.jsonl", "--encoder", "none", "--json")
    assert {row["conversation_id"] for row in rows(done)} == {"a", "b"}


def test_a_rubric_without_a_judge_is_skipped(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    write(root, "evaluators/warmth.md", RUBRIC_FILE)
    done = evalh("score", "t.jsonl", "--encoder", "none", "--json", "--evaluator", "warmth")
    assert {(row["state"], row["reason"]) for row in rows(done) if not row["rollup"]} == {
        ("skipped", "needs a judge, and none is configured")
    }


def test_other_transcripts_in_the_same_folder_are_another_run(evalh: Evalh, root: Path) -> None:
    transcripts(root, "a")
    command = ("score", "t.jsonl", "--encoder", "none", "--out", "kept")
    assert evalh(*command).code == 0
    transcripts(root, "b")
    done = evalh(*command)
    assert (done.code, done.err.startswith("kept holds another run (source: ")) == (2, True)
