"""A side of a comparison by what a user calls it: a run, a prompt version in it, or a blessed baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from evalh.errors import NotFound, UserError
from evalh.models import ConversationRow, Json, Manifest, SideInfo
from evalh.regression.sides import Side, side_of
from evalh.runner import RunResult, load_run
from evalh.runner.plan import inputs_in
from evalh.workspace import Workspace

NOT_COMPARED = ("baseline", "cohort", "source", "redacted")
"""Inputs of a run that may differ between two sides: they name what is compared, or are what differs."""
SINCE_REF = ("golden_set", "policies", "evaluators", "personas", "scorecard")
"""What may be allowed to differ from a git ref, whether or not this run has it."""


def gate_inputs(manifest: Manifest) -> dict[str, Json]:
    """What must be the same on both sides, by a name a user knows."""
    inputs = inputs_in(manifest)
    return {name: value for name, value in inputs.items() if name not in NOT_COMPARED and not _is_prompt(name)}


def _is_prompt(name: str) -> bool:
    return name.startswith("prompts.")


def find_run(space: Workspace, text: str) -> tuple[RunResult, str | None]:
    """The run that `text` names as RUN or RUN:PROMPT_VERSION, and the version if given; RUN is a folder or a run id.

    Raises NotFound or BadInput, which say what is wrong with the run.
    """
    folder, version = _split(space, text)
    result = load_run(folder)
    if version is not None and version not in versions_of(result.manifest):
        known = ", ".join(versions_of(result.manifest)) or "none"
        raise NotFound(f"{folder}: has no prompt version {version!r}; it has {known}")
    return result, version


def versions_of(manifest: Manifest) -> list[str]:
    """The prompt versions of a run, in its order."""
    return [info.version for info in manifest.prompts if info.version is not None]


def _split(space: Workspace, text: str) -> tuple[Path, str | None]:
    found = _found(space, text)
    if found is None:
        name = text.rpartition(":")[0] or text
        raise NotFound(f"there is no run {name!r}; give the folder of a run, or its id in {results_folder(space)}")
    if found[1] == "":
        raise UserError(f"{text!r} names no prompt version after the colon; leave the colon out or add one")
    return found


def names_run(space: Workspace, text: str) -> bool:
    """Whether RUN or RUN:PROMPT_VERSION names a folder that is there, whatever is in it."""
    return _found(space, text) is not None


def _found(space: Workspace, text: str) -> tuple[Path, str | None] | None:
    """The folder and the version; folders and versions may have colons, and the longest folder counts."""
    ends = [len(text), *(at for at in range(len(text) - 1, 0, -1) if text[at] == ":")]
    for end in ends:
        folder = _folder(space, text[:end])
        if folder is not None:
            return folder, text[end + 1 :] if end < len(text) else None
    return None


def _folder(space: Workspace, run: str) -> Path | None:
    if not run:
        return None
    candidates = [Path(run), results_folder(space) / run] if "/" not in run else [Path(run)]
    return next((path for path in candidates if _is_folder(path)), None)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def results_folder(space: Workspace) -> Path:
    """Where runs are: the workspace's results, when the current folder is in it; else a folder here."""
    return (space.root if Path.cwd().is_relative_to(space.root.resolve()) else Path()) / "results"


def run_side(result: RunResult, version: str | None, *, named: bool = False, prompt: str | None = None) -> Side:
    """One prompt version of a run; without one the run must have only one. `named`: call it by its run, too.

    Raises UserError when the run has several versions, or no conversation of a golden case by this one.
    """
    manifest = result.manifest
    version = version if version is not None else _only_version(result)
    info = next((one for one in manifest.prompts if one.version == version), None)
    side = side_of(
        SideInfo(
            name=f"{manifest.run_id}:{version}" if named and version else version or manifest.run_id,
            run_id=manifest.run_id,
            prompt_version=version,
            prompt_sha256=info.sha256 if info is not None else None,
            planned=manifest.cases,
            planned_trials=manifest.trials if manifest.cases else 0,
            excluded=sum(one.prompt_version == version for one in manifest.excluded),
            failures=tuple(_failures(result, version)),
            judge_check=manifest.judge.check if manifest.judge is not None else None,
        ),
        _rows(result, version),
        inputs=gate_inputs(manifest),
        evaluators=manifest.evaluators,
        scores=result.rows,
        prompt=prompt,
    )
    if not side.cases:
        what = f"prompt version {version!r}" if version is not None else "the run"
        raise UserError(f"{result.out_dir}: {what} has no conversation of a golden case, so nothing can be paired")
    return side


def _failures(result: RunResult, version: str | None) -> Iterator[str]:
    if not result.manifest.counts.errored:
        return
    found, first = dict[str, set[str]](), dict[str, str]()
    for row in result.rows():
        if row.prompt_version == version and row.rollup and row.error is not None:
            found.setdefault(row.error.class_, set()).add(row.conversation_id)
            first.setdefault(row.error.class_, row.error.message or row.reason)
    for name in sorted(found, key=lambda name: -len(found[name])):
        yield f"{len(found[name])} {name} ({first[name]})"


def planned_side(manifest: Manifest) -> Side:
    """The side of a run that has not begun: what it depends on, and no case."""
    info = SideInfo(name="this run", run_id=manifest.run_id)
    return Side(info, gate_inputs(manifest), manifest.evaluators, ())


def _only_version(result: RunResult) -> str | None:
    versions = versions_of(result.manifest)
    if len(versions) > 1:
        told = ", ".join(versions)
        raise UserError(
            f"{result.out_dir} has the prompt versions {told}; name one: {result.manifest.run_id}:{versions[0]}"
        )
    return versions[0] if versions else None


def _rows(result: RunResult, version: str | None) -> Iterator[ConversationRow]:
    return (row for row in result.conversations() if row.prompt_version == version)


def check_comparable(baseline: Side, candidate: Side, allow: tuple[str, ...]) -> tuple[str, ...]:
    """The inputs that differ between the sides and were allowed to, as ``name: old → new``.

    `allow`: names as in the message, or what stands before their first dot ("evaluators"). Raises UserError that names
    every difference not allowed.
    """
    names = list(dict.fromkeys([*baseline.inputs, *candidate.inputs]))
    differing = [name for name in names if baseline.inputs.get(name) != candidate.inputs.get(name)]
    known = {*SINCE_REF, *(part for name in names for part in (name, _kind(name)))}
    for name in allow:
        if name not in known:
            raise UserError(
                f"--allow {name}: there is no such input; it is one of {', '.join(sorted(set(map(_kind, known))))}"
            )
    refused = [name for name in differing if name not in allow and _kind(name) not in allow]
    if refused:
        told = "; ".join(_change(baseline.inputs, candidate.inputs, name) for name in refused)
        kinds = " ".join(f"--allow {kind}" for kind in dict.fromkeys(map(_kind, refused)))
        raise UserError(
            f"{baseline.info.name} and {candidate.info.name} differ in more than the prompt ({told}), so a drop could "
            f"come from that; score both alike, or give {kinds}"
        )
    return tuple(_change(baseline.inputs, candidate.inputs, name) for name in differing)


def _kind(name: str) -> str:
    return name.partition(".")[0]


def _change(before: Mapping[str, Json], after: Mapping[str, Json], name: str) -> str:
    return f"{name}: {_short(before, name)} → {_short(after, name)}"


def _short(inputs: Mapping[str, Json], name: str) -> str:
    value = inputs.get(name)
    if value is None:
        return "none"
    text = str(value)
    return text[:12] if len(text) == 64 else text
