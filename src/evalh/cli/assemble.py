"""Puts together what a run needs out of a workspace and a command's options."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from evalh.cli.inputs import Source as Transcripts
from evalh.encoder import load_encoder
from evalh.errors import BadConfig, BadInput, NotFound
from evalh.evaluator import Evaluator
from evalh.models import (
    Case,
    EncoderConfig,
    FileInfo,
    GoldenSet,
    Model,
    Persona,
    PolicySet,
    Prompt,
    RejectedInput,
    RunConfig,
    Scorecard,
    digest,
)
from evalh.reader.local import LocalReader
from evalh.runner import EvaluatorInUse, RunFiles, RunInputs, Source
from evalh.workspace import LoadedConfig, Workspace, in_force
from evalh.workspace.files import did_you_mean, unknown
from evalh.workspace.find import shown
from evalh.workspace.git import git_info


def rejected_input(error: BadInput) -> RejectedInput:
    """A record that was left out, as the manifest tells of it."""
    place = ":".join(str(part) for part in (error.file, error.line) if part is not None)
    return RejectedInput(place=place, problem=": ".join(filter(None, (error.field, error.problem))))


# --- evalh run ---


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

    @property
    def config(self) -> RunConfig:
        """The run configuration itself."""
        return self.loaded.config

    @property
    def conversations(self) -> int:
        """How many conversations there are to judge, at most."""
        return len(self.cases) * len(self.prompts) * self.config.trials


def plan_of(space: Workspace, loaded: LoadedConfig) -> Plan:
    """Everything a configuration names, read and checked."""
    config = loaded.config
    golden = space.golden_set(config.golden_set)
    cases = {case.id: case for case in golden.cases if not config.personas or case.persona in config.personas}
    prompts = {version: space.prompt(config.prompts.agent, version) for version in config.prompts.versions}
    plan = Plan(
        space,
        loaded,
        golden,
        cases,
        space.policies(_policy_of(loaded, golden)),
        prompts,
        _personas(space, config, cases),
        space.scorecard(config.scorecard) if config.scorecard is not None else None,
    )
    _check_cohort(plan)
    return plan


def _policy_of(loaded: LoadedConfig, golden: GoldenSet) -> str:
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


def run_inputs(plan: Plan, *, skip_bad: bool) -> RunInputs:
    """What the runner needs to replay the recordings of every prompt version."""
    config = plan.config
    return RunInputs(
        sources=_recorded(plan, skip_bad),
        evaluators=in_use(plan.space, plan.space.evaluators_for(plan.loaded)),
        reader=LocalReader(load_encoder(config.reader.encoder)),
        policies=plan.policies,
        prompts=plan.prompts,
        baseline=config.prompts.baseline,
        scorecard=plan.card,
        as_of=config.as_of,
        cohort=config.cohort,
        unsure_below=config.reader.unsure_below,
        seed=config.seed,
        trials=config.trials,
        skip_bad=skip_bad,
        files=_run_files(plan),
    )


def _recorded(plan: Plan, skip_bad: bool) -> Iterator[Source | RejectedInput]:
    for version in plan.prompts:
        for item in plan.space.read_recordings(plan.config.golden_set, version):
            if isinstance(item, BadInput):
                yield _left_out(item, skip_bad)
                continue
            held, place = item
            case = plan.cases.get(held.case or "")
            if case is not None and held.trial < plan.config.trials:
                yield _dated(Source(version, held, case), place, plan.policies, plan.config.as_of, skip_bad)


def _dated(
    source: Source, place: str, policies: PolicySet | None, as_of: date | None, skip_bad: bool
) -> Source | RejectedInput:
    """The source, unless no policy version covers its day; found here, where its place is still known."""
    try:
        if policies is not None:
            in_force(policies, source.conversation, as_of, place=place)
    except BadInput as error:
        return _left_out(error, skip_bad)
    return source


def _left_out(error: BadInput, skip_bad: bool) -> RejectedInput:
    if not skip_bad:
        raise error
    return rejected_input(error)


def _run_files(plan: Plan) -> RunFiles:
    info = plan.golden.info
    cases = digest([info.model_dump(mode="json"), [case.model_dump(mode="json") for case in plan.cases.values()]])
    recordings = [plan.space.recordings_path(info.id, version) for version in plan.prompts]
    return RunFiles(
        config=_file_info(plan.config.name, plan.config, shown(plan.loaded.path)),
        golden_set=FileInfo(id=info.id, version=info.version, sha256=cases),
        personas=tuple(_file_info(one.id, one, None, one.version) for one in plan.personas),
        source=FileInfo(id="recordings", sha256=digest([sha256_of(path) for path in recordings])),
        git=git_info(plan.space.root),
    )


def _file_info(name: str, model: Model, path: str | None, version: str | None = None) -> FileInfo:
    return FileInfo(id=name, version=version, sha256=digest(model), path=path)


# --- evalh score ---


def score_inputs(  # noqa: PLR0913 - what the command is given
    space: Workspace,
    transcripts: Sequence[Transcripts],
    *,
    policies: PolicySet | None,
    prompt: Prompt | None,
    evaluators: Sequence[str],
    encoder: EncoderConfig,
    as_of: date | None,
    limit: int | None,
) -> RunInputs:
    """What the runner needs to judge transcripts; a prompt that is given counts for all of them."""
    sources = (item for one in transcripts for item in _transcribed(one, prompt, policies, as_of))
    known = space.evaluators()
    for name in evaluators:
        if name not in known:
            raise unknown("evaluator", name, list(known), "write it")
    chosen = [known[name]() for name in (dict.fromkeys(evaluators) or sorted(known))]
    return RunInputs(
        sources=islice(sources, limit),
        evaluators=in_use(space, chosen),
        reader=LocalReader(load_encoder(encoder)),
        policies=policies,
        prompts={prompt.version: prompt} if prompt is not None else {},
        as_of=as_of,
        scorecard=space.scorecard("care") if not evaluators else None,
        skip_bad=any(one.skip_bad for one in transcripts),
        files=RunFiles(source=_source_info(transcripts, limit)),
    )


def _source_info(transcripts: Sequence[Transcripts], limit: int | None) -> FileInfo:
    """The transcripts by their content, so that others in the same folder are another run."""
    contents = [[_content_of(one.path), one.format, _content_of(one.mapping)] for one in transcripts]
    return FileInfo(id=" ".join(one.path for one in transcripts), sha256=digest([contents, limit]))


def _content_of(path: str | Path | None) -> list[str]:
    """The digests of a file, or of all files in a folder; anything else by its name."""
    place = Path(path or "")
    if path is not None and place.is_file():
        return [sha256_of(place)]
    inside = sorted(one for one in place.rglob("*") if one.is_file()) if path is not None and place.is_dir() else []
    return [f"{one.relative_to(place)} {sha256_of(one)}" for one in inside] or [str(path)]


def _transcribed(
    transcripts: Transcripts, prompt: Prompt | None, policies: PolicySet | None, as_of: date | None
) -> Iterator[Source | RejectedInput]:
    version, told = prompt.version if prompt is not None else None, 0
    for item in transcripts.items():
        yield from map(rejected_input, transcripts.rejected[told:])
        told = len(transcripts.rejected)
        yield _dated(Source(version, item.conversation), item.place, policies, as_of, transcripts.skip_bad)
    yield from map(rejected_input, transcripts.rejected[told:])


# --- both ---


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
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise NotFound(f"{shown(path)}: no such file; record it first") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise BadInput(problem, file=shown(path), remedy="check the file and its permissions") from None
