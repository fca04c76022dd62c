"""The demo agent: it keeps to its prompt, its edit is refused where it does harm, and its words are understood."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from agents.demo.hear import Heard
from benchmarks.customers import agents, play, trials

from evalh.agents import AgentReply, ContactSoFar
from evalh.agents.code import function_at
from evalh.cli.main import main
from evalh.models import Comparison, CustomerAct, Turn
from evalh.reader.local import LocalReader
from evalh.simulator.bank import load_bank
from evalh.simulator.brief import offers_on
from evalh.simulator.protocol import Played, Trial
from evalh.workspace import Workspace

ROOT = Path(__file__).parents[2]
SPACE = Workspace.find(ROOT)
SET = SPACE.golden_set("brightwater_care")
POLICIES = SPACE.policies("brightwater-care")
REPLY = function_at("agents.demo:reply", ROOT).call
GREETING = "Hello, this is Nora, Brightwater's AI assistant. How can I help you today?"
SOME = ("frustrated_biller", "non_native_speaker", "small_business_owner", "time_pressed_commuter")
WIFI = ("My wifi in the workshop is bad.", "4431", "Yes, it works now, thank you.")


def talk(
    says: Sequence[str], *, case: str = "loyal_long_timer-02", version: str = "v1", **changes: Any
) -> list[AgentReply]:
    """The agent's turns to a customer who says `says`."""
    found = next(one for one in SET.cases if one.id == case)
    prompt = SPACE.prompt("demo", version)
    day = found.started_at.date() if found.started_at else None
    given: dict[str, Any] = {
        "conversation_id": "c", "case": case, "trial": 0, "seed": 8, "prompt_version": version, "system_prompt": "",
        "parameters": prompt.parameters, "customer": found.customer, "offers": offers_on(POLICIES, day),
        "channel": found.channel, "date": str(day),
    }  # fmt: skip
    turns = [Turn(role="agent", text=GREETING)]
    replies: list[AgentReply] = []
    for text in says:
        turns.append(Turn(role="customer", text=text))
        replies.append(REPLY(ContactSoFar(**{**given, **changes}, turns=tuple(turns))))
        turns.append(Turn(role="agent", text=replies[-1].text, tool_calls=replies[-1].tool_calls))
    return replies


def acts(reply: AgentReply) -> list[tuple[str, str | None]]:
    return [(one.act, one.offer) for one in reply.declares]


def tools(reply: AgentReply) -> list[str]:
    return [call.name for call in reply.tool_calls]


def test_it_works_the_matter_before_it_offers_anything() -> None:
    first, second, third = talk(WIFI)
    assert "last four digits" in first.text
    assert tools(second) == ["verify_identity", "run_line_test", "restart_gateway"]
    assert second.text.endswith("?")
    assert [acts(one) for one in (first, second, third)] == [[], [], [("pitch", "MESH")]]


def test_it_tells_all_terms_before_it_adds_anything_and_reads_them_back() -> None:
    _, _, _, told, added = talk([*WIFI, "What does it cost?", "Yes, add it please."])
    assert acts(told) == [("answer", "MESH")]
    assert all(word in told.text for word in ("$9.00", "$19.00", "no contract", "Shall I add it?"))
    assert tools(added) == ["add_offer"]
    assert added.tool_calls[0].arguments == {"offer_id": "MESH", "price": "9.00"}
    assert acts(added) == [("read_back", "MESH")]


@pytest.mark.parametrize(
    ("answer", "then"),
    [("No, thank you.", "withdraw"), ("Maybe another time.", "pitch"), ("I'd rather get back to my wifi.", "pitch")],
)
def test_the_versions_differ_only_where_the_customer_hesitates(answer: str, then: str) -> None:
    for version, act in (("v1", "withdraw"), ("v2", then)):
        replies = talk([*WIFI, answer], version=version)
        assert acts(replies[-1]) == [(act, "MESH")]
    assert [one.text for one in talk(WIFI)] == [one.text for one in talk(WIFI, version="v2")]


def test_it_says_the_benefit_again_only_once() -> None:
    *_, again, last = talk([*WIFI, "Maybe another time.", "As I said, later."], version="v2")
    assert (acts(again), acts(last)) == ([("pitch", "MESH")], [("withdraw", "MESH")])


@pytest.mark.parametrize(
    "record",
    [
        {"open_cases": ["service_fault"]},
        {"account": {"past_due": True}},
        {"signals": ["weak_wifi", "vulnerable:hearing"]},
        {"products": ["FIBER-300", "MESH"]},
        {"region": "CA-ON"},
        {"signals": []},
    ],
)
def test_it_offers_nothing_that_the_customer_may_not_have(record: dict[str, Any]) -> None:
    customer = {**(next(one for one in SET.cases if one.id == "loyal_long_timer-02").customer or {}), **record}
    assert acts(talk(WIFI, customer=customer)[-1]) == []


def test_it_hands_over_what_it_cannot_solve_and_then_offers_nothing() -> None:
    replies = talk([*WIFI[:2], "No, it is still not working.", "No, still not working.", "No, that's all."])
    assert tools(replies[3]) == ["create_case"]
    assert not any(reply.declares for reply in replies)


def test_it_says_that_it_is_an_ai_and_ends_a_contact_that_is_over() -> None:
    replies = talk(["Is this a real person?", *WIFI[:2], "Works. That's all, bye.", "Bye now."])
    assert "AI assistant" in replies[0].text
    assert [reply.ended for reply in replies] == [False, False, False, False, True]


@pytest.mark.parametrize("text", ["", "?", "\u200b", "¿Qué?", "no " * 5000, "<b>{offers}</b> {{date}}", "yes no maybe"])
def test_it_has_a_turn_for_whatever_is_said(text: str) -> None:
    for before in ((), WIFI[:1], WIFI, (*WIFI, "How much?")):
        assert talk([*before, text])[-1].text.strip()


@pytest.mark.parametrize("act", ["solved", "unsolved"])
def test_it_understands_whether_it_is_solved(act: CustomerAct) -> None:
    said = [phrase.text for phrase in load_bank().phrases(act)]
    heard = {text: Heard(text) for text in said}
    wrong = [text for text, one in heard.items() if (one.solved and not one.unsolved) is not (act == "solved")]
    assert wrong == []


@pytest.mark.parametrize(
    ("words", "solved"),
    [
        ("It's taken care of.", True), ("That's put right.", True), ("It's all in order.", True),
        ("Corrected, I see.", True), ("That fixes it.", True), ("That resolves it.", True),
        ("All as it should be.", True), ("It has been dealt with.", True), ("It's fixed, isn't it?", True),
        ("I'm still annoyed, but it's fixed.", True), ("It's not taken care of.", False), ("Still not fixed.", False),
        ("That isn't put right.", False), ("It's still not in order.", False),
    ],
)  # fmt: skip
def test_words_of_its_own_for_solved(words: str, solved: bool) -> None:
    assert (Heard(words).solved and not Heard(words).unsolved) is solved


@pytest.fixture(scope="module")
def played() -> list[Played]:
    """Two cases of each persona with each of the three demo agents."""
    return list(play(SPACE, POLICIES, trials(SPACE, 2, [])))


def test_every_conversation_ends_and_no_customer_makes_a_mistake(played: list[Played]) -> None:
    assert len(played) == 60
    assert [one.simulation.faults for one in played if one.simulation.faults] == []
    assert [one.simulation.failure for one in played if one.simulation.failure] == []
    assert {one.simulation.ended for one in played if one.trial.version == "good"} <= {"customer", "agent"}


def test_the_reader_finds_the_pitches_that_the_agents_declare(played: list[Played]) -> None:
    readings = LocalReader().read([one.conversation for one in played], POLICIES.lexicon)
    declared, found = 0, 0
    for one, reading in zip(played, readings, strict=True):
        pitched = {(act.turn, act.offer) for act in reading.pitches()}
        meant = {(move.turn, move.offer) for move in one.simulation.moves if move.act == "pitch"}
        declared += len(meant)
        found += len(meant & pitched)
    assert declared >= 40
    assert found / declared >= 0.75


def test_the_same_trials_give_the_same_words(played: list[Played]) -> None:
    some = [one for one in played if one.trial.persona.id in ("chatty_traveller", "tech_expert")]
    again = play(SPACE, POLICIES, [one.trial for one in some])
    assert [one.conversation.sha256 for one in again] == [one.conversation.sha256 for one in some]


def test_a_trial_of_another_prompt_version_meets_the_same_customer() -> None:
    case = next(one for one in SET.cases if one.id == "chatty_traveller-01")
    persona = SPACE.personas()["chatty_traveller"]
    held = list(play(SPACE, POLICIES, [Trial(prompt, case, persona) for prompt in agents(SPACE).values()]))
    assert len({next(one.conversation.customer_turns()).text for one in held}) == 1


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of configs/demo.yaml with some of the personas, in a copy of the workspace."""
    folder = tmp_path_factory.mktemp("demo")
    for name in ("agents", "configs", "personas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "golden_sets", folder / "golden_sets", ignore=shutil.ignore_patterns("recordings"))
    config = folder / "configs" / "demo.yaml"
    config.write_text(f"{config.read_text('utf-8')}personas: [{', '.join(SOME)}]\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("EVALH_CACHE", str(folder / "cache"))
        assert main(["run", "configs/demo.yaml", "--encoder", "none", "--out", str(folder / "run")]) == 1
    return folder / "run"


def test_the_edit_is_refused_for_those_who_put_offers_off(run: Path) -> None:
    comparison = Comparison.model_validate_json((run / "comparison.json").read_bytes())
    assert comparison.verdict == "REGRESSION"
    worse = {(cell.cohort, cell.evaluator) for cell in comparison.regressed}
    assert ("*", "objection_handling") in worse
    assert ("time_pressed_commuter", "objection_handling") in worse
    assert "frustrated_biller" not in {cohort for cohort, _ in worse}


def test_every_case_was_held_with_both_versions(run: Path) -> None:
    held = [json.loads(line) for line in (run / "conversations.jsonl").read_text("utf-8").splitlines()]
    assert Counter(one["prompt_version"] for one in held) == {"v1": 48, "v2": 48}


def test_the_first_version_passes_against_itself(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{run}:v1", f"{run}:v1"]) == 0
    assert "evalh: PASS baseline=v1 candidate=v1" in capsys.readouterr().out
