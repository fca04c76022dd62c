"""Simulated conversations in a terminal: what they came to by cohort, and transcripts with what each side meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from evalh.models import Case, SimulatedCounts
from evalh.models.simulated import Ending
from evalh.report.plain import indented, safe, table
from evalh.report.words import count
from evalh.simulator.protocol import Played

TURNED_DOWN = ("refuse", "defer", "deflect", "object")
MAX_FAILURES = 5
_ENDED: dict[Ending, str] = {
    "customer": "the customer ended it", "agent": "the agent ended it", "max_turns": "cut off after the last turn",
    "failed": "it failed",
}  # fmt: skip


@dataclass
class _Row:
    """The conversations of one prompt version and cohort."""

    held: int = 0
    turns: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    pitched: int = 0
    accepted: int = 0
    turned_down: int = 0
    again: int = 0
    left_out: int = 0

    def add(self, played: Played) -> None:
        simulation = played.simulation
        self.ended[simulation.ended] += simulation.failure is not None or not simulation.faults
        self.again += played.attempts - 1
        self.left_out += bool(simulation.faults)
        if not played.counts:
            return
        acts = [move.act for move in simulation.moves]
        self.held += 1
        self.turns += len(played.conversation.turns)
        self.pitched += "pitch" in acts
        self.accepted += "accept" in acts
        self.turned_down += any(act in TURNED_DOWN for act in acts)

    def cells(self) -> list[str]:
        turns = f"{self.turns / self.held:.1f}" if self.held else "-"
        ended = [self.ended[name] for name in ("customer", "agent", "max_turns", "failed")]
        numbers = [*ended, self.pitched, self.accepted, self.turned_down, self.again, self.left_out]
        return [str(self.held), turns, *map(str, numbers)]


def render_simulated(played: Sequence[Played], cohort_key: str, console: Console) -> None:
    """A row for each prompt version and cohort. What was meant is counted, by conversations, not what was read."""
    rows: dict[tuple[str, str], _Row] = {}
    for one in played:
        key = one.trial.version, _cohort(one.trial.case, one.trial.persona.id, cohort_key)
        rows.setdefault(key, _Row()).add(one)
    numbers = (
        "held",
        "turns",
        "left",
        "closed",
        "cut off",
        "failed",
        "pitched",
        "accepted",
        "declined",
        "again",
        "out",
    )
    made = table("conversations held", ("prompt", cohort_key), numbers)
    for (version, cohort), row in rows.items():
        made.add_row(safe(version), safe(cohort), *(Text(cell) for cell in row.cells()))
    console.print(made)
    told = (
        "turns: mean of both sides; left, closed: ended by the customer, by the agent; pitched, accepted, declined: "
        "conversations in which a side meant this; again, out: played again, left out because of the customer"
    )
    console.print(indented(safe(told, "dim"), below=1))
    _failures(played, console)


def _cohort(case: Case, persona: str, key: str) -> str:
    return persona if key == "persona" else case.facets.get(key, "-")


def _failures(played: Sequence[Played], console: Console) -> None:
    """The kinds of failure, each with the first message."""
    found = [one.simulation for one in played if one.simulation.failure is not None]
    kinds = Counter((one.by or "agent", one.failure.class_ if one.failure is not None else "") for one in found)
    for (side, kind), number in kinds.most_common(MAX_FAILURES):
        first = next(one.failure for one in found if one.failure is not None and one.failure.class_ == kind)
        console.print(indented(safe(f"{count(number, 'conversation')} failed, {side}: {kind}: {first.message}", "red")))


def render_transcript(played: Played, console: Console) -> None:
    """One conversation, each turn with what was meant by it."""
    one, trial = played.simulation, played.trial
    head = f"{one.case}, {one.persona}, prompt {trial.version}, trial {one.trial}: {_ENDED[one.ended]}"
    console.print(safe(head, "bold"))
    for turn in played.conversation.turns:
        meant = ", ".join(
            " ".join(filter(None, (move.act, move.offer))) for move in one.moves if move.turn == turn.index
        )
        style = "cyan" if turn.role == "customer" else ""
        console.print(
            indented(Text.assemble(safe(f"{turn.role}: ", style), safe(turn.text), safe(_note(meant), "dim")))
        )
        for call in turn.tool_calls:
            console.print(indented(safe(f"{call.name}({call.arguments}) = {call.result}", "dim"), by=4))
    for fault in one.faults:
        console.print(indented(safe(f"left out: {fault.fault}: {fault.why}", "yellow")))
    if one.failure is not None:
        console.print(indented(safe(f"failed, {one.by}: {one.failure.class_}: {one.failure.message}", "red")))
    console.print()


def _note(meant: str) -> str:
    return f"  [{meant}]" if meant else ""


def simulated_words(counts: SimulatedCounts, currency: str | None = None) -> str:
    """How the conversations of a run came about, in a line."""
    told = [f"{counts.trials:,} played, {counts.recorded:,} of them recorded before", count(counts.calls, "call")]
    if counts.input_tokens or counts.output_tokens:
        told.append(f"{counts.input_tokens + counts.output_tokens:,} tokens")
    if counts.cost is not None:
        told.append(f"cost {counts.cost:.4f} {currency or ''}".rstrip())
    if counts.again:
        told.append(f"{count(counts.again, 'attempt')} thrown away because of the customer")
    if counts.excluded:
        told.append(f"{counts.excluded} left out because the customer made mistakes each time")
    if counts.failed:
        told.append(f"{counts.failed} FAILED")
    return "; ".join(told)
