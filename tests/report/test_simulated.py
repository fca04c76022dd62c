"""Simulated conversations in a terminal, and what is left out of a comparison because of their customers."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console
from tests.report.comparisons import brings, cell, comparison, side

from evalh.models import (
    Case,
    Conversation,
    Failure,
    Fault,
    Move,
    Persona,
    Prompt,
    SimulatedCounts,
    Simulation,
    ToolCall,
    Turn,
)
from evalh.models.estimate import PlayEstimate
from evalh.report.gate import render_gate
from evalh.report.junit import junit
from evalh.report.markdown import markdown
from evalh.report.plan import play_words
from evalh.report.simulated import render_simulated, render_transcript, simulated_words
from evalh.report.words import pass_k
from evalh.simulator.protocol import Played, Trial

TURNS = (
    Turn(index=0, role="customer", text="my wifi is slow"),
    Turn(
        index=1, role="agent", text="Fiber 500? [bold]\x1b[2J", tool_calls=(ToolCall(name="look", result="\u202eup"),)
    ),
    Turn(index=2, role="customer", text="no thanks"),
)
MOVES = (Move(turn=0, act="state"), Move(turn=1, act="pitch", offer="FIBER-500"), Move(turn=2, act="refuse"))


def played(case: str = "c-1", attempts: int = 1, **fields: Any) -> Played:
    persona, prompt = Persona(id="calm", name="Calm"), Prompt(agent="care", version="v1")
    given = {"prompt_sha256": "0", "agent_sha256": "0", "customer_sha256": "0", "moves": MOVES, **fields}
    held = Conversation(id=case, turns=TURNS)
    trial = Trial(prompt, Case(id=case, persona="calm", facets={"segment": "home"}), persona)
    return Played(trial, held, Simulation(case=case, persona="calm", prompt_version="v1", **given), attempts)


def shown(render: Any, *arguments: Any) -> str:
    file = io.StringIO()
    render(*arguments, Console(file=file, width=140))
    return " ".join(file.getvalue().split())


def test_a_row_counts_what_was_meant_and_what_went_wrong() -> None:
    failure = Failure(class_="timeout", message="no turn within 60 s")
    every = [
        played(),
        played("c-2", attempts=2, ended="max_turns"),
        played("c-3", attempts=3, faults=(Fault(fault="looped"),)),
        played("c-4", ended="failed", failure=failure, by="agent"),
    ]
    text = shown(render_simulated, every, "persona")

    assert " v1 calm 2 3.0 1 0 1 1 2 0 2 3 1 " in text
    assert "1 conversation failed, agent: timeout: no turn within 60 s" in text
    assert " v1 home 2 3.0 " in shown(render_simulated, every, "segment")


def test_a_transcript_is_text_with_what_was_meant() -> None:
    text = shown(render_transcript, played())

    assert text.startswith("c-1, calm, prompt v1, trial 0: the customer ended it customer: my wifi is slow [state]")
    assert r"agent: Fiber 500? [bold]\x1b[2J [pitch FIBER-500] look({}) = \u202eup" in text
    failed = played(ended="failed", failure=Failure(class_="raised", message="no"), by="customer")
    assert "failed, customer: raised: no" in shown(render_transcript, failed)
    assert "left out: looped: thrice" in shown(render_transcript, played(faults=(Fault(fault="looped", why="thrice"),)))


def test_how_a_run_was_played_in_a_line() -> None:
    counts = SimulatedCounts(trials=9, recorded=4, failed=1, excluded=2, again=7, calls=31, input_tokens=5, cost=0.5)

    assert simulated_words(counts, "EUR") == (
        "9 played, 4 of them recorded before; 31 calls; 5 tokens; cost 0.5000 EUR; 7 attempts thrown away because of "
        "the customer; 2 left out because the customer made mistakes each time; 1 FAILED"
    )


def test_a_plan_in_a_line() -> None:
    play = PlayEstimate(agent="chat:m", customers="model", conversations=1280, recorded=640, turns=10240, calls=61440)

    assert play_words(play) == (
        "1280 conversations of model customers with chat:m, 640 recorded; 640 to hold: at most 10,240 turns of the "
        "agent and, with what is played again, 61,440 calls"
    )


def test_trials_that_were_left_out_are_told_everywhere() -> None:
    given = comparison(baseline=side("v1", excluded=2), candidate=side("v2", excluded=1))
    told = (
        "Left out because the simulated customer made mistakes: 2 trials of the baseline and 1 trial of the candidate."
    )

    assert told in shown(render_gate, given)
    assert told in markdown([given])
    assert '<property name="baseline_left_out" value="2" />' in junit([given])
    assert "mistakes" not in shown(render_gate, comparison()) + markdown([comparison()])


def test_pass_k_is_named_after_the_trials() -> None:
    given = comparison(cell(before=brings(pass_all=0.61), after=brings(pass_all=0.4)))

    assert pass_k(given) == "pass^3"
    assert "pass^3 is the share of cases all of whose trials pass" in shown(render_gate, given)
    assert "pass^3: cases all of whose trials pass" in markdown([given])
    assert pass_k(comparison(candidate=side("v2", trials=5))) == "pass^k"
