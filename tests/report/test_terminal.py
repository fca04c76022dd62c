from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.report.comparisons import comparison, regression, side
from tests.runner.fakes import POLICIES, PROMPTS, inputs, source, two_versions

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Claim, Failure, JudgeInfo, OfferAct, OfferReply, Reading, RejectedInput, Score, Unread
from evalh.models.score import Evidence
from evalh.report import render_conversation, render_facts, render_run, render_score
from evalh.runner import EvaluatorInUse, RunResult, Source, run
from evalh.testing import make_conversation

HOSTILE = (
    "fiber \x1b[2J\x1b]52;c;ZXZpbA==\x07 \x9b31m [/bold] [link=http://x]y[/link] "
    "\u202egnp\u202c \u200b\r\x00\x7f \u2028 end"
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029]")


def console(width: int = 80, **fields: Any) -> Console:
    return Console(file=io.StringIO(), width=width, **fields)


def printed(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.fixture
def finished(tmp_path: Path) -> RunResult:
    return run(inputs(two_versions(9), prompts=PROMPTS, policies=POLICIES), tmp_path)


def test_a_run_is_told_from_its_header_to_where_its_results_are(finished: RunResult, tmp_path: Path) -> None:
    screen = console()
    render_run(finished, screen)
    shown = re.sub(r" +\n", "\n", printed(screen))

    assert shown.startswith(f"run      {finished.manifest.run_id}\n")
    assert "prompts  v1 (baseline), v2" in shown
    assert "policy   test-policy 1, 2" in shown
    assert "reader   fake-1, no encoder" in shown
    assert "persona: odd" in shown
    assert "21 scored, 15 not applicable; coverage 100%" in shown
    assert str(tmp_path)[:40] in shown


def test_means_faults_and_coverage_stand_by_version(finished: RunResult) -> None:
    screen = console()
    render_run(finished, screen)
    lines = [" ".join(line.split()) for line in printed(screen).splitlines()]

    assert "pitching v1 - 0/9 9 -" in lines
    assert "v2 0.00 3/9 6 100%" in lines
    assert "brevity v1 1.00 0/9 0 100%" in lines


def test_comparisons_stand_between_the_means_and_where_the_results_are(finished: RunResult) -> None:
    screen = console()
    render_run(finished, screen, comparisons=[regression(), comparison(candidate=side("v3"))])
    shown = printed(screen)
    pieces = ["all conversations", "REGRESSION 1 of 5", "evalh: REGRESSION", "v1 -> v3", "evalh: PASS", "results in"]
    places = [shown.index(piece) for piece in pieces]

    assert places == sorted(places)
    assert "worst turns" not in shown


def test_without_comparisons_given_those_of_the_run_are_shown(finished: RunResult) -> None:
    screen = console()
    render_run(replace(finished, comparisons=(regression(),)), screen)

    assert "evalh: REGRESSION" in printed(screen)


def test_the_worst_turns_are_quoted_where_nothing_is_compared(finished: RunResult) -> None:
    screen = console()
    render_run(finished, screen, comparisons=())
    shown = re.sub(r" +\n", "\n", printed(screen))

    assert "worst turns" in shown
    assert "case-0000, turn 1, FIBER-500: pitched (pitching)\n" in shown
    assert '[1] "buy fiber"' in shown


def test_a_run_of_one_version_has_its_worst_turns_and_no_drops(tmp_path: Path) -> None:
    screen = console()
    render_run(run(inputs([source(1, text="buy fiber")]), tmp_path), screen)

    assert "worst turns" in printed(screen)
    assert "drop" not in printed(screen)


def test_inputs_that_were_left_out_are_told(tmp_path: Path) -> None:
    screen = console()
    render_run(run(inputs([source(1), RejectedInput(place="calls.jsonl:7", problem="is no JSON")]), tmp_path), screen)

    assert "left out: calls.jsonl:7: is no JSON" in printed(screen)


def test_scores_are_told_by_conversation(finished: RunResult) -> None:
    screen = console()
    render_score(finished, screen)
    shown = printed(screen)

    assert "case-0001.v1: no fault found" in shown
    assert "case-0000.v2: failed pitching" in shown
    assert "turn 1 offers FIBER-500 -> no answer" in shown


def test_a_long_run_is_cut_and_says_where_the_rest_is(finished: RunResult) -> None:
    screen = console()
    render_score(finished, screen, limit=4)

    assert printed(screen).count("no fault found") == 4
    assert "and 14 more conversations, see" in printed(screen)


def test_results_that_are_not_kept_have_no_place_to_name(finished: RunResult) -> None:
    screen = console()
    render_score(finished, screen, limit=4, kept=False)

    assert re.search(r"and 14 more conversations *\n", printed(screen))


class Doubting(Evaluator):
    """Cannot tell of what the second version says; of the odd cohort it can tell nothing."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        doubts = ctx.conversation.id.endswith("v2") or ctx.conversation.persona == "odd"
        yield Score(state="unsure", reason="who knows") if doubts else Score(value=1.0)


def test_what_could_nowhere_be_judged_is_shown_and_never_without_a_fault(tmp_path: Path) -> None:
    used = [EvaluatorInUse(Doubting())]
    screen = console()
    render_run(run(inputs(two_versions(9), prompts=PROMPTS, evaluators=used), tmp_path), screen)
    odd = printed(screen).partition("persona: odd")[2].partition("persona: ")[0]

    assert "without a fault" not in odd
    assert odd.count(" 0%") == 2


CONVERSATION = make_conversation("C: hi\nA: Fiber 500 is $49.99 a month.\nC: no thanks", id="c-1")
READING = Reading(
    conversation="c-1",
    conversation_sha256="",
    reader="fake-1",
    lexicon_sha256="",
    acts=(OfferAct(turn=1, offer="FIBER-500", act="pitch", quote="Fiber 500"),),
    claims=(Claim(turn=1, offer="FIBER-500", kind="price", value="49.99", unit="USD", period="month", confidence=0.9),),
    replies=(OfferReply(turn=2, offer="FIBER-500", reply="refuse", to_turn=1, quote="no thanks"),),
)


def test_an_offer_is_told_with_its_claims_and_its_answer() -> None:
    screen = console()
    render_conversation("c-1", READING, [], screen)

    assert "turn 1 offers FIBER-500: price 49.99 USD a month -> refuse [2]" in printed(screen)


def test_facts_stand_under_their_turn_with_source_and_confidence() -> None:
    screen = console(120)
    render_facts(READING, CONVERSATION, screen)
    lines = [line.strip() for line in printed(screen).splitlines()]

    assert lines[2] == "[1] agent: Fiber 500 is $49.99 a month."
    assert 'act: offer=FIBER-500, act=pitch (rule 1.00) "Fiber 500"' in lines
    assert "claims: offer=FIBER-500, kind=price, value=49.99, unit=USD, period=month (rule 0.90)" in lines


def test_a_conversation_that_was_not_read_says_why() -> None:
    screen = console()
    unread = Reading(
        conversation="c", conversation_sha256="", reader="r", lexicon_sha256="", read=False, why_unread="in German"
    )
    render_facts(unread, CONVERSATION, screen)
    render_conversation("c", unread, [], screen)

    assert printed(screen).count("not read: in German") == 2


def everything(folder: Path, text: str, **fields: Any) -> str:
    """All that can be printed, of a run in which `text` stands wherever text can stand."""
    held = make_conversation("C: x\nA: x", id=text or "x", persona=text or None, facets={"f": text}).model_copy(
        update={"language": (text + "en")[:9]}
    )
    turns = tuple(turn.model_copy(update={"text": "fiber " + text}) for turn in held.turns)
    conversation = held.model_copy(update={"turns": turns})
    rejected = RejectedInput(place=text, problem=text)
    result = run(inputs([Source(text or None, conversation), rejected]), folder, resume=False)
    screen = console(**fields)
    render_run(result, screen)
    render_score(result, screen)
    render_facts(next(result.readings()), conversation, screen)
    evidence = (Evidence(turn=0, quote=text),)
    score = Score(
        value=0.0, passed=False, label=text, offer=text, reason=text, clause=text, expected=text, found=text,
        evidence=evidence, turn=0, evaluator=text,
    )  # fmt: skip
    render_conversation(
        text, READING.model_copy(update={"acts": (OfferAct(turn=0, offer=text, act="pitch"),)}), [score], screen
    )
    return printed(screen)


def test_hostile_text_is_printed_as_visible_escapes_and_never_as_markup(tmp_path: Path) -> None:
    shown = everything(tmp_path, HOSTILE, no_color=True, force_terminal=False)

    assert not CONTROL.search(shown)
    assert r"\x1b[2J" in shown
    assert "[/bold]" in shown
    assert r"\u202e" in shown


def test_in_a_colour_terminal_the_only_escapes_are_our_own_colours(tmp_path: Path) -> None:
    shown = everything(tmp_path, HOSTILE, force_terminal=True, color_system="standard")
    without_colours = re.sub(r"\x1b\[[0-9;]*m", "", shown)

    assert "\x1b[" in shown
    assert not CONTROL.search(without_colours)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_whatever_prints_a_control_character(tmp_path: Path, text: str) -> None:
    assert not CONTROL.search(everything(tmp_path, text))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(finished: RunResult, width: int) -> None:
    screen = console(width)
    render_run(finished, screen)
    render_score(finished, screen)

    assert max(len(line) for line in printed(screen).splitlines()) <= width


def test_an_ascii_terminal_gets_ascii(finished: RunResult) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    screen = Console(file=file, width=80)
    render_run(finished, screen, comparisons=())
    file.flush()
    assert b"worst turns" in file.buffer.getvalue()


# --- a judge ---


class Breaks(Evaluator):
    """Breaks, with words of a transcript in what it says."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        raise ValueError(HOSTILE)
        yield


def test_what_errored_is_told_by_class_and_printed_as_text(tmp_path: Path) -> None:
    screen = console(200)
    render_run(run(inputs([source(1), source(2)], evaluators=[EvaluatorInUse(Breaks())]), tmp_path), screen)

    assert "errored: 2 internal (ValueError: fiber" in printed(screen)
    assert not CONTROL.search(printed(screen))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "m\x1b, never checked: do not trust its verdicts; see `evalh judge check`; 12 calls; 3,400 tokens"),
        ({"check": "failed"}, "m\x1b, FAILED its check: do not trust its verdicts; 12 calls; 3,400 tokens"),
        (
            {"check": "passed", "windowed": 1, "disagreements": 2},
            "m\x1b, passed its check; 12 calls; 3,400 tokens; 1 conversation in pieces; "
            "2 hard facts read otherwise by the rules, counted as unsure",
        ),
    ],
)
def test_a_judge_is_told_in_the_header(finished: RunResult, fields: dict[str, Any], told: str) -> None:
    judge = JudgeInfo(id="m\x1b", sha256="5" * 64, base_url="https://example.com", **fields)
    manifest = finished.manifest.model_copy(update={"judge": judge, "calls": 12, "tokens": 3400})
    screen = console(300)
    render_run(replace(finished, manifest=manifest), screen)

    assert f"judge    {told}\n" in re.sub(r" +\n", "\n", printed(screen)).replace("\\x1b", "\x1b")
    assert "\x1b" not in printed(screen)


def test_what_the_calls_cost_and_what_was_kept_is_told(finished: RunResult) -> None:
    judge = JudgeInfo(id="m", sha256="5" * 64, check="passed", currency="EUR")
    update = {"judge": judge, "calls": 12, "calls_saved": 5, "tokens": 10, "cost": 0.25}
    screen = console(300)
    render_run(replace(finished, manifest=finished.manifest.model_copy(update=update)), screen)

    assert "m, passed its check; 12 calls (5 kept from before); 10 tokens; cost 0.2500 EUR" in printed(screen)


def test_a_conversation_that_the_judge_did_not_read_says_so() -> None:
    held = make_conversation("C: hi\nA: fiber?")
    failure = Failure(class_="timeout", message=HOSTILE)
    reading = Reading(
        conversation=held.id,
        conversation_sha256=held.sha256,
        reader="fake",
        lexicon_sha256="0" * 64,
        unread=Unread(fields=("acts", "ledger"), failure=failure),
    )
    screen = console(200)
    render_facts(reading, held, screen)
    render_conversation(held.id, reading, [], screen)

    assert "not read: acts, ledger" in printed(screen)
    assert "not read: the judge failed (timeout)" in printed(screen)
    assert not CONTROL.search(printed(screen))
