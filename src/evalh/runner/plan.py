"""What goes into a run, as values, and the manifest and id that follow from it; reading files is left to others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Literal, NamedTuple

import evalh
from evalh.errors import BadInput, UserError
from evalh.evaluator import Evaluator
from evalh.models import (
    Case,
    Conversation,
    EvaluatorInfo,
    Excluded,
    Failure,
    FileInfo,
    GitInfo,
    Json,
    JudgeInfo,
    Lexicon,
    Manifest,
    PolicySet,
    Prompt,
    RejectedInput,
    Scorecard,
    SimulatedCounts,
    digest,
)
from evalh.reader.protocol import Reader
from evalh.store.ids import run_id


class Source(NamedTuple):
    """A conversation, the prompt version it was held with, and the golden case it records.

    Without a prompt version the one the conversation itself names counts. One that could not be held to its end has a
    `failure`: it is not read, all its verdicts are errored, and it is judged again the next time.
    """

    prompt_version: str | None
    conversation: Conversation
    case: Case | None = None
    failure: Failure | None = None


class Simulated(NamedTuple):
    """How the conversations with a live agent came about, and the trials that were left out."""

    counts: SimulatedCounts
    excluded: tuple[Excluded, ...] = ()


@dataclass(frozen=True)
class EvaluatorInUse:
    """An evaluator with its settings, where it comes from and the sha256 of its source file."""

    evaluator: Evaluator
    origin: Literal["shipped", "user"] = "shipped"
    sha256: str = ""
    kind: Literal["rule", "judge"] = "rule"

    @property
    def info(self) -> EvaluatorInfo:
        """The evaluator as the manifest names it."""
        evaluator = self.evaluator
        return EvaluatorInfo(
            name=evaluator.name(),
            version=evaluator.version,
            sha256=self.sha256,
            kind=self.kind,
            settings=evaluator.model_dump(mode="json"),
            rollup=evaluator.rollup,
            direction=evaluator.direction,
            scale=evaluator.scale if all(map(isfinite, evaluator.scale)) else None,
            threshold=evaluator.threshold,
            gating=evaluator.gating,
            critical=evaluator.critical,
            acts=evaluator.acts,
            origin=self.origin,
        )


@dataclass(frozen=True)
class RunFiles:
    """The files behind the inputs, for the manifest; paths relative to the workspace."""

    config: FileInfo | None = None
    golden_set: FileInfo | None = None
    personas: tuple[FileInfo, ...] = ()
    agent: FileInfo | None = None
    """The agent that is talked to; None: nobody is."""
    simulator: FileInfo | None = None
    source: FileInfo | None = None
    git: GitInfo = field(default_factory=GitInfo)


@dataclass(frozen=True)
class RunInputs:
    """All that a run depends on.

    `sources` is gone through once, in order; a RejectedInput in it is listed in the manifest. With `skip_bad`
    conversations that cannot be judged are listed too, instead of ending the run.
    """

    sources: Iterable[Source | RejectedInput]
    evaluators: Sequence[EvaluatorInUse]
    reader: Reader
    policies: PolicySet | None = None
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    baseline: str | None = None
    """The prompt version the others are compared with; default: the first of `prompts`."""
    scorecard: Scorecard | None = None
    as_of: date | None = None
    cohort: str = "persona"
    unsure_below: float = 0.5
    seed: int = 0
    trials: int = 1
    cases: int = 0
    """How many golden cases there are to run; 0 for none."""
    skip_bad: bool = False
    judge: JudgeInfo | None = None
    """The judge that the reader asks, and what its check found."""
    redact: bool = True
    """Whether personal data is replaced in what is written."""
    files: RunFiles = field(default_factory=RunFiles)
    gate: Mapping[str, Json] = field(default_factory=dict)
    """The gate's settings, for the manifest; no row depends on them."""
    compared_outside: bool = False
    """Whether the versions are compared with what is not in this run."""
    simulated: Callable[[], Simulated] | None = None
    """Asked when `sources` were gone through: how they came about; None where nobody was talked to."""

    @property
    def baseline_version(self) -> str | None:
        """The baseline, given or by default; None when no versions are known or it is not in this run."""
        return None if self.compared_outside else self.baseline or next(iter(self.prompts), None)

    @property
    def lexicon(self) -> Lexicon:
        """What the reader is told of the policy; without one, of no offers."""
        return self.policies.lexicon if self.policies is not None else NO_LEXICON


NO_LEXICON = Lexicon(currency="USD", offers=(), disclosures=(), prohibited=(), consent_tools=())


def check_inputs(inputs: RunInputs) -> None:
    """Raise the first mistake that shows before a conversation is read."""
    if not inputs.evaluators:
        raise UserError("there is no evaluator to run; name one under 'evaluators'")
    names = [used.evaluator.name() for used in inputs.evaluators]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"the evaluator {twice!r} is given twice; give it once")
    if inputs.baseline is not None and inputs.prompts and inputs.baseline not in inputs.prompts:
        known = ", ".join(inputs.prompts)
        raise UserError(f"the baseline {inputs.baseline!r} is not among the prompt versions {known}; name one of them")
    if inputs.as_of is not None and inputs.policies is not None and inputs.policies.in_force(inputs.as_of) is None:
        raise BadInput(
            f"no version of {inputs.policies.id!r} is in force on {inputs.as_of}", remedy="choose another day"
        )


def run_id_of(inputs: RunInputs) -> str:
    """The id of the run: a digest of everything its rows depend on, but not of the number of trials."""
    return manifest_of(inputs).run_id


def manifest_of(inputs: RunInputs) -> Manifest:
    """The manifest of a run that begins."""
    manifest = _nameless(inputs)
    return manifest.model_copy(update={"run_id": run_id(inputs_in(manifest))})


def _nameless(inputs: RunInputs) -> Manifest:
    files = inputs.files
    policies = inputs.policies.versions if inputs.policies is not None else ()
    return Manifest(
        run_id="",
        status="running",
        evalh_version=evalh.__version__,
        config=files.config,
        prompts=tuple(
            FileInfo(id=prompt.agent, version=version, sha256=prompt.sha256)
            for version, prompt in inputs.prompts.items()
        ),
        baseline=inputs.baseline_version,
        policies=tuple(FileInfo(id=item.id, version=item.version, sha256=item.sha256) for item in policies),
        golden_set=files.golden_set,
        personas=files.personas,
        agent=files.agent,
        simulator=files.simulator,
        scorecard=_card_info(inputs.scorecard),
        source=files.source,
        evaluators=tuple(used.info for used in inputs.evaluators),
        reader=inputs.reader.id,
        encoder=inputs.reader.encoder_id,
        judge=inputs.judge,
        redacted=inputs.redact,
        git=files.git,
        seed=inputs.seed,
        trials=inputs.trials,
        cohort=inputs.cohort,
        as_of=inputs.as_of.isoformat() if inputs.as_of is not None else None,
        unsure_below=inputs.unsure_below,
        gate=dict(inputs.gate),
        cases=inputs.cases,
    )


def _card_info(card: Scorecard | None) -> FileInfo | None:
    return FileInfo(id=card.id, sha256=digest(card)) if card is not None else None


def inputs_in(manifest: Manifest) -> dict[str, Json]:
    """What the rows of a run depend on, by a name a user knows; the digests, not the paths.

    The recordings of a golden set are left out: a run to which trials were added is the same run.
    """
    return {
        "evalh": manifest.evalh_version,
        "reader": manifest.reader,
        "encoder": manifest.encoder,
        "seed": manifest.seed,
        "cohort": manifest.cohort,
        "as_of": manifest.as_of,
        "unsure_below": manifest.unsure_below,
        **({} if manifest.redacted else {"redacted": False}),
        **dict(_digests(manifest)),
        **{f"evaluators.{info.name}": _evaluator_digest(info) for info in manifest.evaluators},
    }


def _evaluator_digest(info: EvaluatorInfo) -> Json:
    return digest([info.version, info.sha256, info.settings])


def _digests(manifest: Manifest) -> Iterator[tuple[str, Json]]:
    groups = {"prompts": manifest.prompts, "policies": manifest.policies, "personas": manifest.personas}
    for group, infos in groups.items():
        yield from (
            (f"{group}.{info.id}" + (f"@{info.version}" if info.version else ""), info.sha256) for info in infos
        )
    replayed = () if manifest.golden_set is not None else ("source",)
    singles = ("golden_set", "agent", "simulator", "scorecard", *replayed, "judge")
    yield from ((name, info.sha256) for name in singles if (info := getattr(manifest, name)) is not None)


def changes(old: Manifest, new: Manifest) -> list[str]:
    """What the rows depend on that differs between two runs, as ``name: old → new``, digests cut to 12 digits."""
    before, after = inputs_in(old), inputs_in(new)
    names = dict.fromkeys([*before, *after])
    return [
        f"{name}: {_shown(before, name)} → {_shown(after, name)}" for name in names if _differs(before, after, name)
    ]


def _differs(before: dict[str, Json], after: dict[str, Json], name: str) -> bool:
    return (name in before) != (name in after) or before.get(name) != after.get(name)


def _shown(inputs: dict[str, Json], name: str) -> str:
    value = inputs.get(name)
    if value is None:
        return "none"
    text = str(value)
    return text[:12] if len(text) == 64 else text
