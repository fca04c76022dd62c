"""The conversations of a plan whose agent is talked to: checked before anybody is asked, then played one by one.

Each becomes a source for the runner, as a recording of a golden set does. What it leaves to others: how a conversation
goes (`evalh.simulator`), and what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalh.agents.load import load_agent
from evalh.encoder.turns import RememberingEncoder
from evalh.errors import BadConfig
from evalh.llm import Budget
from evalh.models import (
    Case,
    ChatAgent,
    Excluded,
    FileInfo,
    Json,
    LiveAgent,
    ModelCustomer,
    Persona,
    Prices,
    ReplayAgent,
    SimulatedCounts,
    Simulation,
    digest,
)
from evalh.models.estimate import Estimate, EstimateRow, PlayEstimate
from evalh.reader.heads import TurnHeads
from evalh.reader.local import LocalReader
from evalh.runner.plan import RunInputs, Simulated, Source, run_id_of
from evalh.runner.readers import judge_of
from evalh.simulator.brief import brief_of, header_of
from evalh.simulator.keys import simulation_of
from evalh.simulator.protocol import Customers, Played, Trial
from evalh.simulator.recordings import Mode, Recordings, path_part
from evalh.simulator.stage import Stage
from evalh.store.cache import default_cache_dir
from evalh.workspace import Workspace
from evalh.workspace.files import raise_all
from evalh.workspace.find import shown
from evalh.workspace.live import persona_less, unfilled, unfilled_greeting
from evalh.workspace.policies import in_force

if TYPE_CHECKING:
    from evalh.gate.plan import Plan

__all__ = ["Live", "Mode", "budget_of", "estimate_of", "live_config"]


def live_config(plan: Plan) -> LiveAgent:
    """The agent that is talked to. Raises BadConfig where recordings of a golden set are replayed."""
    agent = plan.config.agent
    if isinstance(agent, ReplayAgent):
        remedy = "configure one: agent: {kind: chat | function | webhook | livekit, ...}"
        file = shown(plan.loaded.path)
        raise BadConfig("replays recordings, so there is nobody to talk to", file=file, field="agent", remedy=remedy)
    return agent


def budget_of(plan: Plan, max_calls: int | None, max_cost: float | None, *, judged: bool = True) -> Budget:
    """The limits of all that is asked in a run: agent, customers and, if it is `judged`, the judge."""
    config, asked = plan.config, dict[str, Prices | None]()
    if isinstance(config.agent, ChatAgent):
        asked["agent"] = config.agent.prices
    if isinstance(config.simulation.customer, ModelCustomer):
        asked["simulation.customer"] = config.simulation.customer.prices
    if config.judge is not None and judged:
        asked["judge"] = config.judge.prices
    return Budget.of(max_calls, max_cost, asked)


def recordings_folder(space: Workspace, golden_set: str, config: str) -> Path:
    """Where a run configuration's conversations are recorded: in its golden set.

    Those of the workspace that comes with evalh, used from elsewhere, are recorded in the cache.
    """
    inside = Path.cwd().is_relative_to(space.root.resolve())
    if space.is_reference and not inside:
        return default_cache_dir() / "recordings" / golden_set / path_part(config)
    return space.root / "golden_sets" / golden_set / "recordings" / path_part(config)


def estimate_of(live: Live, inputs: RunInputs) -> Estimate:
    """What a run of the plan would take, without asking anybody; a judge is not counted."""
    judge = judge_of(inputs.reader)
    live.open(default_cache_dir())
    try:
        play = live.estimate
    finally:
        live.close()
    total = EstimateRow(prompt_version="*", conversations=play.conversations, turns=2 * play.turns, calls=play.calls)
    return Estimate(
        run_id=run_id_of(inputs),
        reader=inputs.reader.id,
        judge=judge.id if judge is not None else None,
        total=total,
        played=play,
    )


@dataclass
class _Tally:
    """What became of the trials so far."""

    trials: int = 0
    recorded: int = 0
    failed: int = 0
    again: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    excluded: list[Excluded] = field(default_factory=list)

    def add(self, played: Played) -> None:
        simulation = played.simulation
        left_out = bool(simulation.faults)
        self.trials += 1
        self.recorded += not played.asked and simulation.failure is None
        self.failed += simulation.failure is not None
        self.again += played.attempts - (not left_out)
        self.calls += played.asked
        self.input_tokens += played.input_tokens
        self.output_tokens += played.output_tokens
        if left_out:
            self.excluded.append(_excluded(played))


def _excluded(played: Played) -> Excluded:
    one = played.simulation
    return Excluded(
        prompt_version=played.trial.version,
        case=one.case,
        persona=one.persona,
        trial=one.trial,
        attempts=played.attempts,
        fault=one.faults[0].fault,
    )


class Live:
    """The conversations of a plan, played while they are gone through.

    Making it loads the agent and checks what can be checked without asking anybody; `open` finds what is recorded, and
    whoever opens it closes it. Raises UserError for the user's mistakes.

    Args:
        plan: What is run; its agent is not replayed.
        budget: The limits of the run.
        mode: Whether what is not recorded is asked for, everything is, or nothing.
        folder: Where it is recorded; default: in the golden set.

    """

    def __init__(self, plan: Plan, *, budget: Budget, mode: Mode = "normal", folder: Path | None = None) -> None:
        self.plan = plan
        self.mode = mode
        self.budget = budget
        self._config = live_config(plan)
        self._folder = folder or Path(shown(recordings_folder(plan.space, plan.golden.info.id, plan.config.name)))
        self._tally = _Tally()
        self._recordings: Recordings | None = None
        self._playing: Generator[Played, None, None] | None = None
        self._through = False
        self._personas: Mapping[str, Persona] = {one.id: one for one in plan.personas}
        self._check()
        self.agent = load_agent(self._config, root=plan.space.root, budget=budget)
        self.customers = self._made_customers()
        self.reader = LocalReader(heads=TurnHeads(RememberingEncoder()))

    # --- before anybody is asked ---

    @property
    def agent_info(self) -> FileInfo:
        """The agent as the manifest names it."""
        spoken = self._config.model_dump(mode="json", include={"greeting", "max_chars"})
        return FileInfo(id=self.agent.id, sha256=digest([self.agent.sha256, spoken]))

    @property
    def simulator_info(self) -> FileInfo:
        """The customers, and how conversations are held, as the manifest names them."""
        config = self.plan.config.simulation
        how: Json = config.model_dump(mode="json", include={"cross", "max_turns", "attempts"})
        return FileInfo(id=config.customer.kind, sha256=digest([self._customer_sha256, how]))

    @cached_property
    def _customer_sha256(self) -> str:
        """As recordings name it; customers react to what the reader finds."""
        return digest([self.customers.sha256, self.reader.id, self.plan.policies.lexicon.sha256])

    def _made_customers(self) -> Customers:
        plan = self.plan
        lexicon, customer = plan.policies.lexicon, plan.config.simulation.customer
        if isinstance(customer, ModelCustomer):
            from evalh.simulator.model import ModelCustomers

            return ModelCustomers(customer, lexicon, plan.policies, budget=self.budget, as_of=plan.config.as_of)
        from evalh.simulator.scripted import ScriptedCustomers

        return ScriptedCustomers(lexicon, plan.policies, as_of=plan.config.as_of)

    def _check(self) -> None:
        """Raise everything that shows before anybody is asked."""
        plan, cases, as_of = self.plan, list(self.plan.cases.values()), self.plan.config.as_of
        raise_all(list(persona_less(cases, self._cases_file)))
        for trial in self._first_of_each_case():
            in_force(plan.policies, header_of(trial), as_of, place=shown(self._cases_file))
        prompts = {self._prompt_file(version): prompt for version, prompt in plan.prompts.items()}
        greeting = unfilled_greeting(plan.loaded.found, cases, plan.policies)
        raise_all([*unfilled(prompts, cases, plan.policies, as_of), *greeting])

    @property
    def _cases_file(self) -> Path:
        return self.plan.space.root / "golden_sets" / self.plan.golden.info.id / "cases.jsonl"

    def _prompt_file(self, version: str) -> str:
        """The prompt's file as it is printed."""
        older = self.plan.at_ref.get(version)
        path = self.plan.space.prompt_path(self.plan.config.prompts.agent, self.plan.prompts[version].version)
        return f"git:{older.ref}:{shown(path)}" if older is not None else shown(path)

    # --- what there is to play ---

    def trials(self) -> Iterator[Trial]:
        """Every conversation of the plan: by prompt version, then case, then trial."""
        for version in self.plan.prompts:
            for case in self.plan.cases.values():
                yield from (self._trial(version, case, number) for number in range(self.plan.config.trials))

    def _trial(self, version: str, case: Case, number: int) -> Trial:
        prompt, persona = self.plan.prompts[version], self._personas[case.persona or ""]
        label = version if version != prompt.version else ""
        return Trial(prompt, case, persona, number, self.plan.config.seed, label)

    def _first_of_each_case(self) -> Iterator[Trial]:
        version = next(iter(self.plan.prompts))
        return (self._trial(version, case, 0) for case in self.plan.cases.values())

    def _expected(self, trial: Trial) -> Simulation:
        """What the trial is recorded under."""
        brief = brief_of(trial, self.plan.policies, 0, self.plan.config.as_of)
        agent = self.agent.sha256
        return simulation_of(trial, 0, brief, agent_sha256=agent, customer_sha256=self._customer_sha256)

    def open(self, pending: Path) -> Recordings:
        """Find what is recorded. `pending`: the folder for replies of conversations that go on."""
        self._recordings = Recordings(self._folder, pending=pending, mode=self.mode)
        return self._recordings

    @cached_property
    def estimate(self) -> PlayEstimate:
        """What is to be played; once it is open."""
        config, attempts = self.plan.config.simulation, self.plan.config.simulation.attempts
        has = self._opened.has
        recorded = sum(has(self._expected(trial), attempts) for trial in self.trials())
        held = self.plan.conversations - recorded
        modelled = isinstance(config.customer, ModelCustomer)
        steps = 1 + self._config.max_tool_steps * bool(self._config.tools) if isinstance(self._config, ChatAgent) else 1
        return PlayEstimate(
            agent=self.agent.id,
            customers=config.customer.kind,
            conversations=self.plan.conversations,
            recorded=recorded,
            turns=held * config.max_turns,
            calls=held * attempts * config.max_turns * (steps + modelled),
        )

    @property
    def folder(self) -> Path:
        """Where the conversations are recorded."""
        return self._folder

    @property
    def _opened(self) -> Recordings:
        if self._recordings is None:
            raise RuntimeError("open it first")
        return self._recordings

    # --- playing ---

    def played(self, trials: Iterable[Trial] | None = None) -> Iterator[Played]:
        """How each trial went, all of the plan by default; the last of its attempts. Raises Stopped."""
        playing = self._play(trials)
        self._playing = playing
        return playing

    def _play(self, trials: Iterable[Trial] | None) -> Generator[Played, None, None]:
        if self.mode != "replay_only" and self.estimate.recorded < self.estimate.conversations:
            self._ready()
        config = self._config
        stage = Stage(
            self.agent,
            self.customers,
            self.reader,
            self.plan.policies.lexicon,
            self.plan.policies,
            self.plan.config.simulation,
            self._opened,
            budget=self.budget,
            greeting=config.greeting,
            reply_timeout=config.reply_timeout,
            first_timeout=None if isinstance(config, ChatAgent) else config.first_reply_timeout,
            max_chars=config.max_chars,
            as_of=self.plan.config.as_of,
        )
        try:
            for played in stage.play(self.trials() if trials is None else trials):
                self._tally.add(played)
                yield played
            self._through = True
        finally:
            stage.close()

    def _ready(self) -> None:
        """Raise UserError where the agent or the customers cannot be asked at all."""
        self.agent.ready()
        ready: Callable[[], None] | None = getattr(self.customers, "ready", None)
        if ready is not None:
            ready()

    def sources(self, told: Callable[[int], None] | None = None) -> Iterator[Source]:
        """What the runner judges, without the trials that are left out. `told` is called with how many are over."""
        for number, played in enumerate(self.played(), 1):
            if told is not None:
                told(number)
            if not played.simulation.faults:
                case = self.plan.cases[played.trial.case.id]
                yield Source(played.trial.version, played.conversation, case, played.simulation.failure)

    def simulated(self) -> Simulated:
        """How they came about, for the manifest; when all were gone through."""
        tally = self._tally
        excluded = sorted(tally.excluded, key=lambda one: (one.prompt_version, one.case, one.trial))
        counts = SimulatedCounts(
            trials=tally.trials,
            recorded=tally.recorded,
            failed=tally.failed,
            excluded=len(tally.excluded),
            again=tally.again,
            **self._spent(),
        )
        return Simulated(counts, tuple(excluded))

    def _spent(self) -> dict[str, Any]:
        """What was asked now. Where a judge is asked out of the same budget, only of what was answered; no cost."""
        config, tally, all_told = self.plan.config, self._tally, self.budget
        if config.judge is not None:
            tokens = {"input_tokens": tally.input_tokens, "output_tokens": tally.output_tokens}
            return {"calls": tally.calls, **tokens}
        priced = any(getattr(one, "prices", None) is not None for one in (config.agent, config.simulation.customer))
        tokens = {"input_tokens": all_told.input_tokens, "output_tokens": all_told.output_tokens}
        return {"calls": all_told.calls, **tokens, "cost": round(all_told.cost, 9) if priced else None}

    def finish(self) -> None:
        """What follows from the conversations is written too: keep nothing for going on, if all were gone through."""
        if self._through:
            self._opened.finished()

    def close(self) -> None:
        """End what goes on and write what is over; again is harmless."""
        playing, self._playing = self._playing, None
        try:
            if playing is not None:
                playing.close()
        finally:
            if self._recordings is not None:
                self._recordings.close()
