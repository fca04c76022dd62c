"""A run configuration run and gated: the baseline found, every other version compared with it, the verdict kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from evalh.encoder import Encoder
from evalh.errors import UserError
from evalh.gate.admission import refuse_unadmitted
from evalh.gate.at_git import base_of
from evalh.gate.baseline import GIT, find_baseline
from evalh.gate.compare import EXIT_CODES, compare_sides, worst_of
from evalh.gate.looks import Looks, conversations_of, noted, pair_key, read_looks, standing, write_looks
from evalh.gate.plan import Baseline, Plan, place_in, plan_of, run_inputs
from evalh.gate.readers import Limits, replies_in
from evalh.gate.sides import check_comparable, planned_side, results_folder, run_side
from evalh.gate.timed import stopped_after
from evalh.models import Comparison, EncoderConfig, Manifest, RunConfig, Verdict, digest
from evalh.models.estimate import PlayEstimate
from evalh.regression.gate import Terms, without_baseline
from evalh.regression.sides import Side
from evalh.runner import Progress, RunInputs, RunResult, run_id_of
from evalh.runner import run as run_all
from evalh.runner.finish import COMPARISON, clear_comparisons, clear_replies
from evalh.runner.plan import manifest_of
from evalh.runner.readers import asks_judge, closing_reader, encoder_of
from evalh.runner.result import read_manifest
from evalh.store.atomic import write_json
from evalh.store.cache import ReadingCache
from evalh.workspace import LoadedConfig, Workspace
from evalh.workspace.at_ref import config_at
from evalh.workspace.files import Found

if TYPE_CHECKING:
    from evalh.gate.live import Live
    from evalh.simulator.recordings import Mode


@dataclass(frozen=True)
class GateOptions:
    """What a user may say of a run beyond its configuration.

    `baseline`: a prompt version, RUN[:VERSION], git:REF or blessed. `gate_from`: a configuration file or git:REF that
    counts instead of the one that is run, but for prompts, agent, seed and encoder; its baseline and, if they are more,
    its trials count too. `allow`: inputs that may differ between the sides. `limits`: what may be asked, and
    for how long. `recordings`: whether a live agent is asked for what is not recorded, for everything, or not at all.
    """

    baseline: str | None = None
    gate_from: str | None = None
    allow: tuple[str, ...] = ()
    gate: bool = True
    cohort: str | None = None
    encoder: EncoderConfig | None = None
    skip_bad: bool = False
    fresh: bool = False
    no_cache: bool = False
    limits: Limits = field(default_factory=Limits)
    recordings: Mode = "normal"


@dataclass(frozen=True)
class GatedRun:
    """A finished run, what its versions came to beside the baseline, and the exit status that follows."""

    result: RunResult
    comparisons: tuple[Comparison, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The worst verdict; None where no gate was asked for."""
        worst = worst_of(self.comparisons)
        return worst.verdict if worst is not None else None

    @property
    def exit_code(self) -> int:
        """0, 1 or 3."""
        return EXIT_CODES[self.verdict]


def gated_run(
    space: Workspace,
    config: str | Path | None,
    out: Path | None,
    options: GateOptions,
    progress: Callable[[Progress], None] | None = None,
) -> GatedRun:
    """Run a configuration and compare its prompt versions with the baseline; everything is left in `out`.

    Raises UserError for the user's mistakes. What is found is in the verdict, never in an exception.
    """
    return run_plan(gated_plan(space, config, options), out, options, progress)


@dataclass(frozen=True)
class GatedPlan:
    """A configuration with the baseline its versions are compared with, before anything is run."""

    plan: Plan
    baseline: Baseline
    terms: Terms

    def inputs(self, options: GateOptions, replies: Path | None = None, live: Live | None = None) -> RunInputs:
        """What the runner is given. `replies`: where a judge's replies are kept, by default nowhere.

        `live`: who holds the conversations with an agent that is talked to.
        """
        return run_inputs(
            self.plan,
            skip_bad=options.skip_bad,
            baseline=self.baseline.named,
            limits=options.limits,
            replies=replies,
            live=live,
        )

    def live(self, options: GateOptions) -> Live | None:
        """Who holds the conversations; None where recordings of the golden set are replayed."""
        if not self.plan.is_live:
            return None
        from evalh.gate.live import Live, budget_of

        budget = budget_of(self.plan, options.limits.max_calls, options.limits.max_cost)
        return Live(self.plan, budget=budget, mode=options.recordings)


def gated_plan(space: Workspace, config: str | Path | None, options: GateOptions) -> GatedPlan:
    """Everything a configuration names, read and checked, and its baseline found."""
    loaded, settings_from, listed = _changed(space, space.config(config), options)
    plan = plan_of(space, loaded)
    baseline = find_baseline(plan, options.baseline, allow=options.allow, listed=listed)
    more = {**(baseline.extra or {}), **{name: one.prompt for name, one in (baseline.at_ref or {}).items()}}
    plan = replace(plan, prompts={**more, **plan.prompts}, at_ref=baseline.at_ref or {})
    terms = Terms(
        loaded.config.gate,
        cohort_key=loaded.config.cohort,
        settings_from=settings_from,
        allowed=baseline.allowed,
    )
    return GatedPlan(plan, baseline, terms)


def run_plan(
    gated: GatedPlan,
    out: Path | None,
    options: GateOptions,
    progress: Callable[[Progress], None] | None = None,
    planned: Callable[[PlayEstimate], None] | None = None,
) -> GatedRun:
    """Run a plan and gate it. `planned` is told what is to be played with a live agent, before it is asked."""
    live = gated.live(options)
    inputs = gated.inputs(options, live=live)
    folder = out or results_folder(gated.plan.space) / run_id_of(inputs)
    replies = replies_in(folder, no_cache=options.no_cache)
    if asks_judge(inputs.reader):
        if options.fresh:
            clear_replies(folder)
        inputs = gated.inputs(options, replies=replies, live=live)
    with closing_reader(inputs.reader), _playing(live, replies):
        if options.gate:
            refuse_unadmitted(gated.plan.space, inputs.reader, gated.terms.settings_from)
        if gated.baseline.side is not None and gated.baseline.pairs:
            _refuse_early(gated.baseline.side, manifest_of(inputs), folder, options.allow)
        if live is not None:
            inputs, progress = _played(live, inputs, progress, planned)
        with _cache(options.no_cache) as cache, stopped_after(options.limits.seconds, inputs.reader, live) as late:
            told = late.checked(progress)
            result = run_all(inputs, folder, resume=not options.fresh, cache=cache, progress=told)
    clear_replies(folder)
    clear_comparisons(folder)
    encoder = encoder_of(inputs.reader)
    comparisons = tuple(_comparisons(gated, result, options, encoder))
    write_comparisons(folder, comparisons)
    return GatedRun(result, comparisons)


@contextmanager
def _playing(live: Live | None, pending: Path) -> Iterator[None]:
    """What is recorded found, and at the end what was said written."""
    if live is None:
        yield
        return
    try:
        live.open(pending)
        yield
        live.finish()
    finally:
        live.close()


def _played(
    live: Live,
    inputs: RunInputs,
    progress: Callable[[Progress], None] | None,
    planned: Callable[[PlayEstimate], None] | None,
) -> tuple[RunInputs, Callable[[Progress], None] | None]:
    """The inputs with conversations that tell how many are over; judging them is quick, and not told."""
    if planned is not None:
        planned(live.estimate)
    if progress is None:
        return inputs, None
    return replace(inputs, sources=live.sources(lambda over: progress(Progress(over, 0, 0, 0)))), None


def _refuse_early(baseline: Side, manifest: Manifest, folder: Path, allow: tuple[str, ...]) -> None:
    """Refuse a baseline that depends on other inputs before anything is read, and leave no earlier verdict behind."""
    try:
        check_comparable(baseline, planned_side(manifest), allow)
    except UserError:
        old = read_manifest(folder)
        if old is not None and old.run_id == manifest.run_id:
            clear_comparisons(folder)
        raise


@contextmanager
def _cache(no_cache: bool) -> Iterator[ReadingCache | None]:
    if no_cache:
        yield None
        return
    with ReadingCache() as cache:
        yield cache


# --- what is asked for ---


def _changed(
    space: Workspace, loaded: LoadedConfig, options: GateOptions
) -> tuple[LoadedConfig, str, tuple[str, ...] | None]:
    """The configuration with what the options change, where the gate's settings come from, and the versions there."""
    config, found, source, listed = loaded.config, loaded.found, place_in(space, loaded.path), None
    if options.gate_from is not None:
        source = options.gate_from
        found = _deciding(space, loaded, source)
        other = found.get()
        listed = other.prompts.versions
        config = _decided(config, other)
    if options.encoder is not None:
        config = config.model_copy(update={"reader": config.reader.model_copy(update={"encoder": options.encoder})})
    if options.cohort is not None:
        config = config.model_copy(update={"cohort": options.cohort})
    return replace(loaded, config=config, found=replace(found, value=config)), source, listed


def _decided(config: RunConfig, other: RunConfig) -> RunConfig:
    """The other configuration with what it does not decide; its baseline may be none of the versions."""
    mine = {
        "name": config.name,
        "prompts": config.prompts.model_copy(update={"baseline": base_of(other)}),
        "agent": config.agent,
        "seed": config.seed,
        "trials": max(config.trials, other.trials),
        "reader": other.reader.model_copy(update={"encoder": config.reader.encoder}),
    }
    return other.model_copy(update=mine)


def _deciding(space: Workspace, loaded: LoadedConfig, source: str) -> Found[RunConfig]:
    """The configuration whose settings decide instead."""
    if not source.startswith(GIT):
        return space.config(source).found
    config = config_at(space, loaded.path, source.removeprefix(GIT))
    return Found(Path(f"{source}:{place_in(space, loaded.path)}"), config)


# --- comparing ---


def _comparisons(
    gated: GatedPlan, result: RunResult, options: GateOptions, encoder: Encoder | None
) -> Iterator[Comparison]:
    @cache
    def side(version: str) -> Side:
        return run_side(result, version, prompt=gated.plan.prompt_source(version))

    if not gated.baseline.pairs:
        if options.gate:
            text = "there is nothing to compare with; name a baseline with --baseline, or score alone with --no-gate"
            yield without_baseline(side(next(iter(gated.plan.prompts))), gated.terms, text)
        return
    looks = read_looks(result.out_dir)
    share = 1.0 / len(gated.baseline.pairs)
    for candidate, before in gated.baseline.pairs.items():
        older = gated.baseline.side or side(before or candidate)
        comparison, looks = looked(looks, older, side(candidate), replace(gated.terms, share=share), options, encoder)
        yield comparison
    if options.gate:
        write_looks(result.out_dir, looks)


def looked(
    looks: Looks, baseline: Side, candidate: Side, terms: Terms, options: GateOptions, encoder: Encoder | None
) -> tuple[Comparison, Looks]:
    """The comparison under what earlier looks left of alpha, and the looks with this one."""
    key, held = pair_key(baseline, candidate), conversations_of(baseline, candidate)
    stands = standing(looks, key, held, terms.cohort_key)
    now = stands.of(terms)
    comparison = compare_sides(baseline, candidate, now, gate=options.gate, allow=options.allow, encoder=encoder)
    return comparison, noted(looks, key, held, comparison)


def write_comparisons(folder: Path, comparisons: Sequence[Comparison]) -> None:
    """Write each comparison, the first as `comparison.json`, in place of those that were there."""
    clear_comparisons(folder)
    for index, comparison in enumerate(comparisons):
        name = COMPARISON if index == 0 else f"comparison-{_file_part(comparison.candidate.name)}.json"
        write_json(folder / name, comparison)


def _file_part(version: str) -> str:
    return version if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,80}", version) else digest(version)[:12]
