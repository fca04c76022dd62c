"""Reads and judges the labelled recordings of a golden set and compares them with the labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from evalh.agreement.labels import Labels, Recording, is_proposal, settle
from evalh.agreement.match import Compared, Judged, compared
from evalh.agreement.measure import disagreements, rows_of
from evalh.errors import BadInput, TooLittle, UserError
from evalh.gate.plan import in_use, policy_of, sha256_of
from evalh.gate.readers import Limits, judge_info, reader_of
from evalh.models import (
    Conversation,
    FileInfo,
    GoldenLabel,
    JudgeConfig,
    Manifest,
    PolicySet,
    Prompt,
    ReaderConfig,
    digest,
)
from evalh.models.agreement import Agreement
from evalh.models.vocabulary import Role
from evalh.runner import Progress, RunInputs, RunResult, Source
from evalh.runner import run as run_all
from evalh.runner.readers import closing_reader
from evalh.store.cache import ReadingCache
from evalh.workspace import LoadedConfig, Workspace
from evalh.workspace.files import raise_all, unknown
from evalh.workspace.find import shown
from evalh.workspace.golden import FoundSet, Line, label_problems

SCORECARD = "care"
"""The scorecard where no configuration names another."""


@dataclass(frozen=True)
class Options:
    """What a user may say of a calibration.

    `versions`: only labels of these prompt versions; none: of all. `config`: the run configuration whose settings the
    evaluators, the reader and the scorecard have; by default they have their own. `judge`: the one whose judge is asked
    and whose reader reads; by default none is. `limits`: what it may be asked. `replies`: where its replies are kept.
    """

    versions: tuple[str, ...] = ()
    unconfirmed: bool = False
    config: LoadedConfig | None = None
    judge: LoadedConfig | None = None
    limits: Limits = field(default_factory=Limits)
    replies: Path | None = None


@dataclass(frozen=True)
class Labelled:
    """A golden set's labels that count, with the recordings they are about."""

    found: FoundSet
    policies: PolicySet
    prompts: Mapping[str, Prompt]
    recordings: Mapping[Recording, Conversation]
    labels: Labels
    confirmed: bool
    """Whether people confirmed all of them."""


@dataclass(frozen=True)
class Compiled:
    """Everything that was compared, and what it was compared with."""

    labelled: Labelled
    manifest: Manifest
    places: Sequence[Compared]


def calibrate(
    space: Workspace,
    set_id: str,
    options: Options,
    *,
    cache: ReadingCache | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Agreement:
    """How far the evaluators and the reader agree with the labels of a golden set.

    Raises UserError for the user's mistakes, all that are found at once.
    """
    labelled = labels_of(space, set_id, options)
    compiled = compare(space, labelled, options, cache=cache, progress=progress)
    return measured(compiled)


# --- labels and recordings ---


def labels_of(space: Workspace, set_id: str, options: Options) -> Labelled:
    """The labels that count, checked against the recordings. Raises all that is wrong with them."""
    found = space.found_set(set_id)
    golden = found.get()
    file = shown(found.labels_file)
    lines = _lines(found, options.versions, file)
    named = policy_of(options.config, golden) if options.config is not None else golden.info.policy
    policies = space.policies(named)
    known = found.recorded_versions()
    versions = [version for version in _versions(lines) if version in known]
    prompts = {version: space.prompt(golden.info.agent, version) for version in versions}
    recordings = _recordings(space, set_id, versions)
    recorded: dict[tuple[str, str, int], tuple[Role, ...]] = {
        key: tuple(turn.role for turn in held.turns) for key, held in recordings.items()
    }
    labels = settle(lines, unconfirmed=options.unconfirmed, file=file)
    part = replace(found, labels=tuple(lines))
    raise_all([*label_problems(part, policies, recorded), *labels.problems])
    if not labels.count:
        raise _nothing(lines, file, options)
    confirmed = all(one.confirmed for held in labels.counting.values() for one in held)
    return Labelled(part, policies, prompts, recordings, labels, confirmed)


def _lines(found: FoundSet, wanted: Sequence[str], file: str) -> list[Line[GoldenLabel]]:
    if not found.labels:
        raise BadInput("has no label", file=file, remedy="label recordings as docs/calibrate.md describes")
    known = _versions(found.labels)
    for version in wanted:
        if version not in known:
            raise unknown("labelled prompt version", version, known, "label its recordings first")
    return [line for line in found.labels if not wanted or line.value.prompt_version in wanted]


def _versions(lines: Sequence[Line[GoldenLabel]]) -> list[str]:
    return sorted({line.value.prompt_version for line in lines})


def _recordings(space: Workspace, set_id: str, versions: Sequence[str]) -> dict[Recording, Conversation]:
    held: dict[Recording, Conversation] = {}
    for version in versions:
        for conversation in space.recordings(set_id, version):
            held[Recording(conversation.case or "", version, conversation.trial)] = conversation
    return held


def _nothing(lines: Sequence[Line[GoldenLabel]], file: str, options: Options) -> UserError:
    if all(is_proposal(line.value) for line in lines):
        problem = f"no person has confirmed a label: all {len(lines)} are proposals of a reader"
        remedy = "go through them: evalh golden confirm SET --by NAME"
        return BadInput(problem, file=file, remedy=remedy)
    if options.unconfirmed:
        return BadInput(
            "labellers differ on every label", file=file, remedy="settle them as docs/codebook.md describes"
        )
    problem = f"no confirmed label exists: all {len(lines)} are unconfirmed"
    remedy = 'set "confirmed": true on those that people settled, or give --include-unconfirmed to compare all'
    return BadInput(problem, file=file, remedy=remedy)


# --- judging ---


def compare(
    space: Workspace,
    labelled: Labelled,
    options: Options,
    *,
    cache: ReadingCache | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Compiled:
    """Read and judge the labelled recordings, and put what was found beside the labels."""
    inputs = _inputs(space, labelled, options)
    with TemporaryDirectory(prefix="evalh-") as folder:
        with closing_reader(inputs.reader):
            result = run_all(inputs, Path(folder), cache=cache, progress=progress)
        _refuse_unread(result)
        places = tuple(_places(result, labelled, inputs.unsure_below))
        return Compiled(labelled, result.manifest, places)


def _refuse_unread(result: RunResult) -> None:
    """What a judge failed to say neither agrees nor differs."""
    failures = [reading.unread.failure for reading in result.readings() if reading.unread is not None]
    if failures:
        first = failures[0]
        raise TooLittle(
            f"the judge failed in {len(failures)} of {result.manifest.conversations} conversations "
            f"({first.class_}: {first.message}); its other answers are kept: give the same command again"
        )


def _inputs(space: Workspace, labelled: Labelled, options: Options) -> RunInputs:
    config = options.config.config if options.config is not None else None
    reads, asked = _read_by(options)
    reader = reader_of(reads, asked, limits=options.limits, replies=options.replies)
    card = config.scorecard if config is not None else SCORECARD
    cases = labelled.found.by_id
    return RunInputs(
        sources=[
            Source(key.prompt_version, held, cases[key.case])
            for key, held in labelled.recordings.items()
            if key in labelled.labels.counting
        ],
        evaluators=in_use(space, space.evaluators_for(options.config)),
        reader=reader,
        judge=judge_info(space, reader),
        policies=labelled.policies,
        prompts=labelled.prompts,
        compared_outside=True,
        scorecard=space.scorecard(card) if card is not None else None,
        as_of=config.as_of if config is not None else None,
        unsure_below=reads.unsure_below,
    )


def _read_by(options: Options) -> tuple[ReaderConfig, JudgeConfig | None]:
    if options.judge is not None:
        return options.judge.config.reader, options.judge.config.judge
    reader = options.config.config.reader if options.config is not None else ReaderConfig()
    return reader.model_copy(update={"kind": "local"}), None


def _places(result: RunResult, labelled: Labelled, unsure_below: float) -> Iterator[Compared]:
    constructs = labelled.labels.constructs
    if "issue" in constructs and "resolution" not in constructs:
        constructs = [*constructs, "resolution"]
    grouped = groupby(result.rows(), key=lambda row: (row.case or "", row.prompt_version or "", row.trial))
    for (key, rows), reading in zip(grouped, result.readings(), strict=True):
        recording = Recording(*key)
        held = labelled.recordings[recording]
        judged = Judged(recording, held, reading, list(rows), labelled.labels, unsure_below)
        yield from compared(judged, constructs)


# --- the result ---


def measured(compiled: Compiled) -> Agreement:
    """The rates of everything that was compared."""
    labelled, manifest = compiled.labelled, compiled.manifest
    labels, info = labelled.labels, labelled.found.info.get()
    seen = {place.construct for place in compiled.places}
    return Agreement(
        golden_set=FileInfo(
            id=info.id, version=info.version, sha256=content_of(labelled.found.folder, tuple(labelled.prompts))
        ),
        prompts=manifest.prompts,
        policies=manifest.policies,
        evaluators=manifest.evaluators,
        reader=manifest.reader,
        encoder=manifest.encoder,
        scorecard=manifest.scorecard,
        unsure_below=manifest.unsure_below,
        confirmed=labelled.confirmed,
        labels=labels.count,
        labellers=labels.labellers,
        conversations=len(labels.counting),
        left_out=labels.disputed if not labelled.confirmed else (),
        not_compared=tuple(name for name in labels.constructs if name not in seen),
        rows=tuple(rows_of(compiled.places, labels, labelled.recordings)),
        disagreements=tuple(disagreements(compiled.places, labelled.recordings)),
    )


def content_of(folder: Path, versions: Sequence[str]) -> str:
    """The digest of the cases and labels of the golden set in `folder`, and of its recordings of these versions."""
    recordings = [folder / "recordings" / f"{version}.jsonl" for version in sorted(versions)]
    return digest([sha256_of(path) for path in (folder / "cases.jsonl", folder / "labels.jsonl", *recordings)])
