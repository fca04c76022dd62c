"""Conversations with a live agent held and recorded, and nothing judged: a part of a plan, chosen by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from evalh.errors import NotFound
from evalh.gate.live import Live, Mode, budget_of, live_config
from evalh.gate.plan import Plan, met, plan_of
from evalh.gate.readers import Limits
from evalh.gate.timed import stopped_after
from evalh.models import Case, Prompt
from evalh.store.cache import default_cache_dir
from evalh.workspace import Workspace
from evalh.workspace.files import unknown


@dataclass(frozen=True)
class SimulateOptions:
    """What a user may say beyond the configuration: which cases, personas, version, how often, under which limits."""

    cases: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    version: str | None = None
    trials: int | None = None
    seed: int | None = None
    mode: Mode = "normal"
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Chosen:
    """The part of a plan that is to be played. `kept`: whether a run would use it, so that it is recorded."""

    plan: Plan
    kept: bool


def chosen(space: Workspace, config: str | None, options: SimulateOptions) -> Chosen:
    """What is to be played. Raises UserError for names that nothing has, and for an agent that nobody talks to."""
    plan = plan_of(space, space.config(config))
    live_config(plan)
    cases = _cases(plan, options)
    changed = {
        "trials": options.trials or plan.config.trials,
        "seed": plan.config.seed if options.seed is None else options.seed,
    }
    kept = changed["seed"] == plan.config.seed and cases.keys() <= plan.cases.keys()
    loaded = replace(plan.loaded, config=plan.config.model_copy(update=changed))
    known = space.personas()
    people = dict.fromkeys(case.persona for case in cases.values() if case.persona is not None)
    personas = tuple(known[name] for name in people)
    part = replace(plan, loaded=loaded, cases=cases, prompts=_prompts(plan, options.version), personas=personas)
    return Chosen(part, kept)


def _prompts(plan: Plan, version: str | None) -> Mapping[str, Prompt]:
    if version is None:
        return plan.prompts
    return {version: plan.prompts.get(version) or plan.space.prompt(plan.config.prompts.agent, version)}


def _cases(plan: Plan, options: SimulateOptions) -> dict[str, Case]:
    """The cases that are named, played by the personas that are named; each by its own, and all, by default."""
    _check_personas(plan, options.personas)
    named = [case for name in options.cases for case in _named(plan, name)] or list(plan.cases.values())
    if not options.personas:
        return {case.id: case for case in named}
    own = {case.id: case for case in named if case.persona in options.personas}
    if not options.cases:
        if not own:
            who = ", ".join(options.personas)
            raise NotFound(f"no case is played by {who}; name the case too, with --case")
        return own
    pairs = ((case, persona) for case in named for persona in options.personas)
    found = (case if case.persona == persona else met(case, persona) for case, persona in pairs)
    return {case.id: case for case in found}


def _named(plan: Plan, name: str) -> list[Case]:
    """The case of that id; where every persona meets every case, also all that were made of it."""
    found = [case for case in plan.cases.values() if case.id == name or case.id.rpartition("+")[0] == name]
    if not found:
        raise unknown("case", name, list(plan.cases), "name one of cases.jsonl")
    return found


def _check_personas(plan: Plan, names: tuple[str, ...]) -> None:
    known = list(plan.space.personas())
    for name in names:
        if name not in known:
            raise unknown("persona", name, known, "add it to personas/")


@contextmanager
def playing(part: Chosen, options: SimulateOptions) -> Iterator[Live]:
    """Who holds the conversations, opened, under the limits; what a run would not use is not recorded."""
    budget = budget_of(part.plan, options.limits.max_calls, options.limits.max_cost, judged=False)
    with TemporaryDirectory(prefix="evalh-") as elsewhere:
        folder = None if part.kept else Path(elsewhere) / "recordings"
        live = Live(part.plan, budget=budget, mode=options.mode, folder=folder)
        live.open(default_cache_dir() if part.kept else Path(elsewhere))
        try:
            with stopped_after(options.limits.seconds, live.reader, live):
                yield live
            live.finish()
        finally:
            live.close()
