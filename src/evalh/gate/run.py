"""A run configuration run and gated: the baseline found, every other version compared with it, the verdict kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from evalh.encoder import Encoder
from evalh.errors import NotFound, UserError
from evalh.gate.bless import blessed_side
from evalh.gate.compare import EXIT_CODES, compare_sides, worst_of
from evalh.gate.looks import Looks, conversations_of, noted, pair_key, read_looks, standing, write_looks
from evalh.gate.plan import AtRef, Plan, place_in, plan_of, run_inputs
from evalh.gate.sides import check_comparable, find_run, names_run, planned_side, results_folder, run_side
from evalh.models import Comparison, EncoderConfig, Manifest, Prompt, RunConfig, Verdict, digest
from evalh.regression.gate import Terms, without_baseline
from evalh.regression.sides import Side
from evalh.runner import Progress, RunInputs, RunResult, run_id_of
from evalh.runner import run as run_all
from evalh.runner.finish import COMPARISON, clear_comparisons
from evalh.runner.plan import manifest_of
from evalh.runner.result import read_manifest
from evalh.store.atomic import write_json
from evalh.store.cache import ReadingCache
from evalh.workspace import LoadedConfig, Workspace
from evalh.workspace.at_ref import commit_of, config_at, file_at, prompt_at
from evalh.workspace.baselines import baseline_path, read_baseline
from evalh.workspace.files import Found
from evalh.workspace.find import shown

GIT = "git:"
BLESSED = "blessed"


@dataclass(frozen=True)
class GateOptions:
    """What a user may say of a run beyond its configuration.

    `baseline`: a prompt version, RUN[:VERSION], git:REF or blessed. `gate_from`: a configuration file or git:REF that
    counts instead of the one that is run, but for prompts, agent, trials, seed and encoder. `allow`: inputs that may
    differ between the sides.
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


@dataclass(frozen=True)
class Baseline:
    """What the candidates are compared with: versions of the same run, or one side from elsewhere.

    `pairs`: the version of each candidate's baseline. `notice`: what a user should know of the choice.
    """

    pairs: Mapping[str, str | None]
    side: Side | None = None
    at_ref: Mapping[str, AtRef] | None = None
    extra: Mapping[str, Prompt] | None = None
    named: str | None = None
    notice: str = ""


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

    def inputs(self, options: GateOptions) -> RunInputs:
        """What the runner is given."""
        return run_inputs(self.plan, skip_bad=options.skip_bad, baseline=self.baseline.named)


def gated_plan(space: Workspace, config: str | Path | None, options: GateOptions) -> GatedPlan:
    """Everything a configuration names, read and checked, and its baseline found."""
    loaded, settings_from = _changed(space, space.config(config), options)
    plan = plan_of(space, loaded)
    baseline = find_baseline(plan, options)
    more = {**(baseline.extra or {}), **{name: one.prompt for name, one in (baseline.at_ref or {}).items()}}
    plan = replace(plan, prompts={**more, **plan.prompts}, at_ref=baseline.at_ref or {})
    terms = Terms(loaded.config.gate, cohort_key=loaded.config.cohort, settings_from=settings_from)
    return GatedPlan(plan, baseline, terms)


def run_plan(
    gated: GatedPlan, out: Path | None, options: GateOptions, progress: Callable[[Progress], None] | None = None
) -> GatedRun:
    """Run a plan and gate it."""
    inputs = gated.inputs(options)
    folder = out or results_folder(gated.plan.space) / run_id_of(inputs)
    if gated.baseline.side is not None and gated.baseline.pairs:
        _refuse_early(gated.baseline.side, manifest_of(inputs), folder, options.allow)
    with _cache(options.no_cache) as cache:
        result = run_all(inputs, folder, resume=not options.fresh, cache=cache, progress=progress)
    clear_comparisons(folder)
    encoder = getattr(inputs.reader, "encoder", None)
    comparisons = tuple(_comparisons(gated, result, options, encoder))
    write_comparisons(folder, comparisons)
    return GatedRun(result, comparisons)


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


def _changed(space: Workspace, loaded: LoadedConfig, options: GateOptions) -> tuple[LoadedConfig, str]:
    """The configuration with what the options change, and where the gate's settings come from."""
    config, found, source = loaded.config, loaded.found, place_in(space, loaded.path)
    if options.gate_from is not None:
        source = options.gate_from
        found = _deciding(space, loaded, source)
        other = found.get()
        mine = {name: getattr(config, name) for name in ("name", "prompts", "agent", "trials", "seed")}
        reader = config.reader.model_copy(update={"unsure_below": other.reader.unsure_below})
        config = other.model_copy(update={**mine, "reader": reader})
    if options.encoder is not None:
        config = config.model_copy(update={"reader": config.reader.model_copy(update={"encoder": options.encoder})})
    if options.cohort is not None:
        config = config.model_copy(update={"cohort": options.cohort})
    return replace(loaded, config=config, found=replace(found, value=config)), source


def _deciding(space: Workspace, loaded: LoadedConfig, source: str) -> Found[RunConfig]:
    """The configuration whose settings decide instead."""
    if not source.startswith(GIT):
        return space.config(source).found
    config = config_at(space, loaded.path, source.removeprefix(GIT))
    return Found(Path(f"{source}:{place_in(space, loaded.path)}"), config)


def find_baseline(plan: Plan, options: GateOptions) -> Baseline:
    """The baseline that the options name, else the blessed one, else the configuration's own."""
    wanted, config = options.baseline, plan.config
    path = baseline_path(plan.space.root, config.name)
    if wanted is None and path.exists():
        wanted = BLESSED
    if wanted is None:
        several = len(config.prompts.versions) > 1
        own = config.prompts.baseline or (config.prompts.versions[0] if several else None)
        return _version(plan, own) if own is not None else Baseline({})
    if wanted.startswith(GIT):
        return _at_git(plan, wanted.removeprefix(GIT))
    if wanted == BLESSED:
        return _blessed(plan, path)
    return _version(plan, wanted) if wanted in _versions(plan) else _run(plan, wanted)


def _versions(plan: Plan) -> Sequence[str]:
    return plan.space.prompt_names().get(plan.config.prompts.agent, [])


def _version(plan: Plan, version: str) -> Baseline:
    extra = {} if version in plan.prompts else {version: plan.space.prompt(plan.config.prompts.agent, version)}
    others = [one for one in plan.prompts if one != version] or [version]
    return Baseline(dict.fromkeys(others, version), extra=extra, named=version)


def _at_git(plan: Plan, ref: str) -> Baseline:
    """Each version against its own file at the ref; one that is new since, against the configured baseline there."""
    commit_of(plan.space.root, ref)
    older: dict[str, AtRef] = {}
    before: dict[str, str] = {}
    new: list[tuple[str, NotFound]] = []
    for version, prompt in plan.prompts.items():
        try:
            found, name = prompt_at(plan.space, plan.config.prompts.agent, version, ref)
        except NotFound as error:
            new.append((version, error))
            continue
        changed = found.sha256 != prompt.sha256
        before[version] = name if changed else version
        if changed:
            older[name] = AtRef(found, ref, _source_at(plan, version, ref))
    pairs: dict[str, str | None] = {version: name for version, name in before.items() if name != version}
    base = plan.config.prompts.baseline or plan.config.prompts.versions[0]
    for version, missing in new:
        if base not in before:
            raise missing
        pairs[version] = before[base]
    if not pairs:
        return Baseline({one: one for one in plan.prompts}, notice=f"no prompt of this run changed since {ref}")
    return Baseline(pairs, at_ref=older)


def _source_at(plan: Plan, version: str, ref: str) -> str:
    path = plan.space.prompt_path(plan.config.prompts.agent, version)
    raw = file_at(plan.space.root, commit_of(plan.space.root, ref), path) or b""
    return raw.decode("utf-8", "replace")


def _blessed(plan: Plan, path: Path) -> Baseline:
    if not path.exists():
        raise NotFound(
            f"{shown(path)}: nothing was blessed for {plan.config.name!r} yet; do it with: evalh bless RUN:VERSION"
        )
    side = blessed_side(read_baseline(path))
    return Baseline(_candidates(plan, side), side=side, notice=f"baseline: {side.info.name}, from {shown(path)}")


def _run(plan: Plan, text: str) -> Baseline:
    if not names_run(plan.space, text):
        known = f"the prompt versions are {', '.join(_versions(plan))}, and there is no such run"
        raise NotFound(f"--baseline {text!r} is neither a prompt version nor a run: {known}")
    result, version = find_run(plan.space, text)
    side = run_side(result, version, named=True)
    return Baseline(_candidates(plan, _with_prompt(plan, side)), side=_with_prompt(plan, side))


def _with_prompt(plan: Plan, side: Side) -> Side:
    """The side with its prompt's text, where the workspace still has that prompt."""
    version = side.info.prompt_version
    if version is None or version not in _versions(plan):
        return side
    agent = plan.config.prompts.agent
    same = plan.space.prompt(agent, version).sha256 == side.info.prompt_sha256
    return replace(side, prompt=plan.space.prompt_source(agent, version)) if same else side


def _candidates(plan: Plan, side: Side) -> dict[str, str | None]:
    changed = [name for name, prompt in plan.prompts.items() if prompt.sha256 != side.info.prompt_sha256]
    return dict.fromkeys(changed or plan.prompts)


# --- comparing ---


def _comparisons(
    gated: GatedPlan, result: RunResult, options: GateOptions, encoder: Encoder | None
) -> Iterator[Comparison]:
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
    key, held = pair_key(baseline, candidate, terms.cohort_key), conversations_of(baseline, candidate)
    stands = standing(looks, key, held)
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
