"""Two sides of finished runs, compared under the settings of the candidate's run or of a configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from evalh.encoder import load_encoder
from evalh.errors import BadInput, NotFound, UserError
from evalh.gate.baseline import GIT
from evalh.gate.compare import compare_sides
from evalh.gate.looks import conversations_of, pair_key, read_looks, standing
from evalh.gate.sides import find_run, run_side
from evalh.models import Comparison, EncoderConfig, GateConfig, Manifest
from evalh.regression.gate import Terms
from evalh.regression.sides import Side
from evalh.runner import RunResult
from evalh.runner.finish import MANIFEST
from evalh.text.untrusted import explain
from evalh.workspace import Workspace
from evalh.workspace.at_ref import config_at
from evalh.workspace.find import shown


@dataclass(frozen=True)
class FinishedOptions:
    """What a user may say of a comparison; see `GateOptions`."""

    gate_from: str | None = None
    allow: tuple[str, ...] = ()
    gate: bool = True
    cohort: str | None = None


def compare_finished(space: Workspace, baseline: str, candidate: str, options: FinishedOptions) -> Comparison:
    """The comparison of the sides that `baseline` and `candidate` name. Raises UserError for the user's mistakes."""
    old, new = find_run(space, baseline), find_run(space, candidate)
    apart = old[0].manifest.run_id != new[0].manifest.run_id
    before, after = (_side(space, *found, named=apart) for found in (old, new))
    if not apart and old[0].out_dir.resolve() != new[0].out_dir.resolve():
        before, after = _by_folder(before, old[0]), _by_folder(after, new[0])
    manifest = new[0].manifest
    settings, settings_from = _settings(space, manifest, new[0].out_dir, options)
    terms = Terms(settings, cohort_key=options.cohort or manifest.cohort, settings_from=settings_from)
    looks, held = read_looks(new[0].out_dir), conversations_of(before, after)
    stands = standing(looks, pair_key(before, after), held, terms.cohort_key)
    terms = stands.of(terms)
    _check_cohort(terms.cohort_key, before, after)
    return compare_sides(
        before, after, terms, gate=options.gate, allow=options.allow, encoder=load_encoder(EncoderConfig())
    )


def _side(space: Workspace, result: RunResult, version: str | None, *, named: bool) -> Side:
    side = run_side(result, version, named=named)
    return replace(side, prompt=prompt_of(space, result.manifest, side))


def _by_folder(side: Side, result: RunResult) -> Side:
    """The side called by its folder: two runs of the same inputs have the same id."""
    parts = filter(None, (shown(result.out_dir), side.info.prompt_version))
    return replace(side, info=side.info.model_copy(update={"name": ":".join(parts)}))


def prompt_of(space: Workspace, manifest: Manifest, side: Side) -> str | None:
    """The text of a side's prompt, where the workspace still has that very prompt."""
    version = side.info.prompt_version
    agent = next((info.id for info in manifest.prompts if info.version == version), None)
    if agent is None or version is None or version not in space.prompt_names().get(agent, []):
        return None
    prompt = space.prompt(agent, version)
    return space.prompt_source(agent, version) if prompt.sha256 == side.info.prompt_sha256 else None


def _settings(space: Workspace, manifest: Manifest, folder: Path, options: FinishedOptions) -> tuple[GateConfig, str]:
    source = options.gate_from
    if source is None:
        name = manifest.config.path or manifest.config.id if manifest.config is not None else ""
        return _gate_of(manifest, folder), name
    if not source.startswith(GIT):
        return space.config(source).config.gate, source
    path = manifest.config.path if manifest.config is not None else None
    if path is None:
        raise NotFound("the candidate was not run from a configuration file; give --gate-from FILE")
    return config_at(space, space.root / path, source.removeprefix(GIT)).gate, source


def _gate_of(manifest: Manifest, folder: Path) -> GateConfig:
    try:
        return GateConfig.model_validate(manifest.gate)
    except ValidationError as error:
        found = explain(error, model=GateConfig)
        field = ".".join(filter(None, ("gate", found.field)))
        raise BadInput(found.problem, file=folder / MANIFEST, field=field, remedy="run it again with --fresh") from None


def _check_cohort(key: str, *sides: Side) -> None:
    facets = sorted({name for side in sides for case in side.cases for name in case.facets})
    if key != "persona" and key not in facets:
        raise UserError(
            f"--cohort: no case has a facet {key!r} to group by; there are {', '.join(['persona', *facets])}"
        )
