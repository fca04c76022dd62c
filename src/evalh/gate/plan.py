"""What a run configuration names, read and checked, and the inputs of the run that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from evalh.errors import BadConfig, BadInput, NotFound
from evalh.evaluator import Evaluator
from evalh.gate.readers import Limits, judge_info, reader_of
from evalh.models import (
    Case,
    Conversation,
    FileInfo,
    GoldenSet,
    Model,
    Persona,
    PolicySet,
    Prompt,
    RejectedInput,
    ReplayAgent,
    RunConfig,
    Scorecard,
    digest,
)
from evalh.regression.sides import Side
from evalh.runner import EvaluatorInUse, RunFiles, RunInputs, Source
from evalh.store import atomic
from evalh.workspace import LoadedConfig, Workspace, in_force
from evalh.workspace.at_ref import recordings_at
from evalh.workspace.files import did_you_mean, unknown
from evalh.workspace.find import shown
from evalh.workspace.git import git_info

if TYPE_CHECKING:
    from evalh.gate.live import Live


def place_in(space: Workspace, path: Path) -> str:
    """The path as it is in the workspace, wherever the command was given; as it is where it lies outside."""
    try:
        return path.resolve().relative_to(space.root.resolve()).as_posix()
    except ValueError:
        return str(path)


def rejected_input(error: BadInput) -> RejectedInput:
    """A record that was left out, as the manifest tells of it."""
    place = ":".join(str(part) for part in (error.file, error.line) if part is not None)
    return RejectedInput(place=place, problem=": ".join(filter(None, (error.field, error.problem))))


@dataclass(frozen=True)
class AtRef:
    """A prompt as it was at a git ref."""

    prompt: Prompt
    ref: str
    source: str
    """Its file."""
    leave_out: bool = False
    """Whether its recordings of cases that are gone are left out."""


@dataclass(frozen=True)
class Baseline:
    """What the candidates are compared with: versions of the same run, or one side from elsewhere.

    `pairs`: the version of each candidate's baseline. `notice`: what a user should know of the choice. `allowed`: what
    changed since the baseline and was allowed to, a phrase each.
    """

    pairs: Mapping[str, str | None]
    side: Side | None = None
    at_ref: Mapping[str, AtRef] | None = None
    extra: Mapping[str, Prompt] | None = None
    named: str | None = None
    notice: str = ""
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A run configuration with everything it names."""

    space: Workspace
    loaded: LoadedConfig
    golden: GoldenSet
    cases: Mapping[str, Case]
    policies: PolicySet
    prompts: Mapping[str, Prompt]
    personas: tuple[Persona, ...]
    card: Scorecard | None
    at_ref: Mapping[str, AtRef] = field(default_factory=dict)
    """Of `prompts`, those that are as they were at a git ref, by name."""

    @property
    def config(self) -> RunConfig:
        """The run configuration itself."""
        return self.loaded.config

    def prompt_paths(self) -> dict[str, Path]:
        """The file of each prompt version that is in the working tree."""
        here = [version for version in self.prompts if version not in self.at_ref]
        return {version: self.space.prompt_path(self.config.prompts.agent, version) for version in here}

    def prompt_source(self, version: str) -> str:
        """The file of a prompt version as text."""
        older = self.at_ref.get(version)
        return older.source if older is not None else self.space.prompt_source(self.config.prompts.agent, version)

    @property
    def is_live(self) -> bool:
        """Whether its agent is talked to; else recordings of the golden set are replayed."""
        return not isinstance(self.config.agent, ReplayAgent)

    @property
    def conversations(self) -> int:
        """How many conversations there are to judge, at most."""
        return len(self.cases) * len(self.prompts) * self.config.trials


def plan_of(space: Workspace, loaded: LoadedConfig) -> Plan:
    """Everything a configuration names, read and checked."""
    config = loaded.config
    golden = space.golden_set(config.golden_set)
    cases = cases_of(config, golden)
    prompts = {version: space.prompt(config.prompts.agent, version) for version in config.prompts.versions}
    plan = Plan(
        space,
        loaded,
        golden,
        cases,
        space.policies(policy_of(loaded, golden)),
        prompts,
        _personas(space, config, cases),
        space.scorecard(config.scorecard) if config.scorecard is not None else None,
    )
    _check_cohort(plan)
    return plan


def cases_of(config: RunConfig, golden: GoldenSet) -> dict[str, Case]:
    """The cases that are run, by id; where every persona meets every case each pair is a case of its own.

    Such cases are a family: they are not independent.
    """
    chosen = config.personas
    if isinstance(config.agent, ReplayAgent) or not config.simulation.cross:
        return {case.id: case for case in golden.cases if not chosen or case.persona in chosen}
    personas = chosen or tuple(dict.fromkeys(case.persona for case in golden.cases if case.persona is not None))
    pairs = ((case, persona) for case in golden.cases for persona in personas)
    return {(one := met(case, persona)).id: one for case, persona in pairs}


def met(case: Case, persona: str) -> Case:
    """The case as another persona meets it: ``CASE+PERSONA``."""
    changed = {"id": f"{case.id}+{persona}", "persona": persona, "template": case.template or case.id}
    return case.model_copy(update=changed)


def policy_of(loaded: LoadedConfig, golden: GoldenSet) -> str:
    """The policy's id, or the path of one of its files."""
    named = loaded.config.policy
    if named is None:
        return golden.info.policy
    return str(loaded.path.parent / named) if named.endswith(".yaml") else named


def _personas(space: Workspace, config: RunConfig, cases: Mapping[str, Case]) -> tuple[Persona, ...]:
    known = space.personas()
    used = dict.fromkeys([*config.personas, *(case.persona for case in cases.values() if case.persona is not None)])
    missing = next((name for name in used if name not in known), None)
    if missing is not None:
        raise unknown("persona", missing, list(known), "add it to personas/")
    if config.personas and not cases:
        raise NotFound(f"the golden set {config.golden_set!r} has no case of these personas; name others")
    return tuple(known[name] for name in used)


def _check_cohort(plan: Plan) -> None:
    key = plan.config.cohort
    facets = sorted({name for case in plan.cases.values() for name in case.facets})
    if key != "persona" and key not in facets:
        remedy = did_you_mean(key, ["persona", *facets], "use persona")
        raise BadConfig(f"no case has a facet {key!r} to group by", field="cohort", remedy=remedy)


def run_inputs(
    plan: Plan,
    *,
    skip_bad: bool,
    baseline: str | None = None,
    limits: Limits | None = None,
    replies: Path | None = None,
    live: Live | None = None,
) -> RunInputs:
    """What the runner needs to judge the conversations of every prompt version. `baseline`: one of them, if it is.

    `limits`: what a judge may be asked. `replies`: where its replies are kept; None: nowhere. `live`: who holds the
    conversations; default: recordings of the golden set are replayed. Whoever takes the inputs closes their reader.
    """
    config = plan.config
    reader = reader_of(config.reader, config.judge, limits=limits, replies=replies, live=live)
    return RunInputs(
        sources=live.sources() if live is not None else _recorded(plan, skip_bad),
        simulated=live.simulated if live is not None else None,
        evaluators=in_use(plan.space, plan.space.evaluators_for(plan.loaded)),
        reader=reader,
        judge=judge_info(plan.space, reader),
        redact=config.redact,
        policies=plan.policies,
        prompts=plan.prompts,
        baseline=baseline,
        compared_outside=baseline is None,
        scorecard=plan.card,
        as_of=config.as_of,
        cohort=config.cohort,
        unsure_below=config.reader.unsure_below,
        seed=config.seed,
        trials=config.trials,
        cases=len(plan.cases),
        skip_bad=skip_bad,
        files=_run_files(plan, live),
        gate=config.gate.model_dump(mode="json"),
    )


def _recorded(plan: Plan, skip_bad: bool) -> Iterator[Source | RejectedInput]:
    for version in plan.prompts:
        for item in _recordings(plan, version):
            if isinstance(item, BadInput):
                yield left_out(item, skip_bad)
                continue
            held, place = item
            case = plan.cases.get(held.case or "")
            if case is not None and held.trial < plan.config.trials:
                yield dated(Source(version, held, case), place, plan.policies, plan.config.as_of, skip_bad)


def _recordings(plan: Plan, version: str) -> Iterator[tuple[Conversation, str] | BadInput]:
    older = plan.at_ref.get(version)
    if older is not None:
        return recordings_at(plan.space, plan.config.golden_set, older.prompt, older.ref, leave_out=older.leave_out)
    return plan.space.read_recordings(plan.config.golden_set, version)


def dated(
    source: Source, place: str, policies: PolicySet | None, as_of: date | None, skip_bad: bool
) -> Source | RejectedInput:
    """The source, unless no policy version covers its day; found here, where its place is still known."""
    try:
        if policies is not None:
            in_force(policies, source.conversation, as_of, place=place)
    except BadInput as error:
        return left_out(error, skip_bad)
    return source


def left_out(error: BadInput, skip_bad: bool) -> RejectedInput:
    """The error as an input that is left out, where that was asked for; else it is raised."""
    if not skip_bad:
        raise error
    return rejected_input(error)


def _run_files(plan: Plan, live: Live | None) -> RunFiles:
    info = plan.golden.info
    cases = digest([info.model_dump(mode="json"), [case.model_dump(mode="json") for case in plan.cases.values()]])
    return RunFiles(
        config=_file_info(plan.config.name, plan.config, place_in(plan.space, plan.loaded.path)),
        golden_set=FileInfo(id=info.id, version=info.version, sha256=cases),
        personas=tuple(_file_info(one.id, one, None, one.version) for one in plan.personas),
        agent=live.agent_info if live is not None else None,
        simulator=live.simulator_info if live is not None else None,
        source=_source_info(plan) if live is None else None,
        git=git_info(plan.space.root),
    )


def _source_info(plan: Plan) -> FileInfo:
    here = [version for version in plan.prompts if version not in plan.at_ref]
    recordings = [plan.space.recordings_path(plan.golden.info.id, version) for version in here]
    return FileInfo(id="recordings", sha256=digest([sha256_of(path) for path in recordings]))


def _file_info(name: str, model: Model, path: str | None, version: str | None = None) -> FileInfo:
    return FileInfo(id=name, version=version, sha256=digest(model), path=path)


def in_use(space: Workspace, evaluators: Sequence[Evaluator]) -> tuple[EvaluatorInUse, ...]:
    """The evaluators with where they come from."""
    found = space.found_evaluators()
    return tuple(
        EvaluatorInUse(one, found[one.name()].origin, found[one.name()].sha256, found[one.name()].kind)
        for one in evaluators
    )


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes. Raises NotFound or BadInput."""
    try:
        return atomic.sha256_of(path)
    except FileNotFoundError:
        raise NotFound(f"{shown(path)}: no such file; record it first") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise BadInput(problem, file=shown(path), remedy="check the file and its permissions") from None
