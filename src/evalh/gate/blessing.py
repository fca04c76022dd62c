"""A side of a finished run put in the workspace as the baseline of a run configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evalh.errors import NotFound, UserError
from evalh.gate.bless import bless, notices, problems
from evalh.gate.compare import worst_of
from evalh.gate.finished import prompt_of
from evalh.gate.sides import find_run, run_side
from evalh.models import BlessedBaseline, Manifest, Verdict
from evalh.models.base import Id
from evalh.regression.sides import Side
from evalh.runner import RunResult
from evalh.text.untrusted import shorten
from evalh.workspace import Workspace
from evalh.workspace.baselines import baseline_path, read_baseline, write_baseline


@dataclass(frozen=True)
class Blessed:
    """The baseline that is in place now, whether it was not before, and what to know of it."""

    path: Path
    baseline: BlessedBaseline
    changed: bool
    notices: tuple[str, ...] = ()


def bless_side(space: Workspace, text: str, *, config: str | None, note: str, force: bool, now: datetime) -> Blessed:
    """Make the side that `text` names the baseline of `config`, by default of the configuration it was run with.

    Raises UserError when it is a poor baseline or the gate refused it and not `force`, and when the one in place cannot
    be read.
    """
    if not Path.cwd().resolve().is_relative_to(space.root.resolve()):
        raise UserError("there is no workspace here to keep the baseline in; go to the folder of one")
    result, version = find_run(space, text)
    side = run_side(result, version)
    side = replace(side, prompt=prompt_of(space, result.manifest, side))
    name = space.config(config).config.name if config is not None else _config_of(result.manifest)
    verdict = _verdict(result, side)
    wrong = [*problems(side), *_refused(verdict)]
    if wrong and not force:
        raise UserError(f"{text}: {'; '.join(wrong)}; mend that first, or give --force")
    path = baseline_path(space.root, name)
    old = read_baseline(path) if path.exists() else None
    commit = result.manifest.git.commit
    blessed = bless(side, config=name, old=old, now=now, commit=commit, note=note, verdict=verdict)
    if blessed != old:
        write_baseline(path, blessed)
    return Blessed(path, blessed, blessed != old, (*wrong, *notices(side)))


def _verdict(result: RunResult, side: Side) -> Verdict | None:
    """What the gate said of the side in its run, if it was compared with anything."""
    version = side.info.prompt_version
    own = [one for one in result.comparisons if one.candidate.prompt_version == version and one.baseline is not None]
    worst = worst_of(tuple(own))
    return worst.verdict if worst is not None else None


def _refused(verdict: Verdict | None) -> list[str]:
    return [f"the gate called it {verdict} in its run"] if verdict in ("REGRESSION", "INCOMPLETE") else []


def _config_of(manifest: Manifest) -> str:
    if manifest.config is None:
        raise NotFound("the run was not made from a run configuration; name the one it is for: --config NAME")
    try:
        return TypeAdapter(Id).validate_python(manifest.config.id)
    except ValidationError:
        told = f"no run configuration can be called {shorten(manifest.config.id)}, as the run says its is"
        raise NotFound(f"{told}; name another: --config NAME") from None
