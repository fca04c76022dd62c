"""What judges both sides of a comparison with a git ref, and whether it changed since."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalh.errors import UserError
from evalh.gate.plan import Plan, policy_of
from evalh.text.safe import safe_text
from evalh.workspace.at_ref import blobs_at, has_blob, place_of


@dataclass(frozen=True)
class _Used:
    """The files of a kind: those at or below `places` that are `wanted`."""

    places: tuple[Path, ...]
    wanted: Callable[[Path], bool] = lambda _: True


def check_unchanged(plan: Plan, ref: str, commit: str, allow: tuple[str, ...]) -> tuple[str, ...]:
    """What changed since the ref and was allowed to, as ``kind: files``. Raises UserError that names what was not."""
    changed = {kind: f"{kind}: {', '.join(names)}, since {ref}" for kind, names in _changed(plan, commit).items()}
    refused = [kind for kind in changed if kind not in allow]
    if refused:
        told = "; ".join(changed[kind] for kind in refused)
        options = " ".join(f"--allow {kind}" for kind in refused)
        raise UserError(
            f"more than the prompt changed ({told}), and both sides would be judged by the new; change the prompt "
            f"alone, or give {options}"
        )
    return tuple(changed.values())


def _changed(plan: Plan, commit: str) -> dict[str, list[str]]:
    """The files of each kind that changed since the commit, by name."""
    used = _used(plan)
    before = blobs_at(plan.space.root, commit, [place for one in used.values() for place in one.places])
    found = {kind: list(_differing(plan, one, before)) for kind, one in used.items()}
    return {kind: names for kind, names in found.items() if names}


def _differing(plan: Plan, used: _Used, before: Mapping[Path, str]) -> Iterator[str]:
    now = {path for place in used.places for path in _files(place) if used.wanted(path)}
    then = {path for path in before if used.wanted(path) and any(path.is_relative_to(place) for place in used.places)}
    for path in sorted(now | then):
        if path not in then or path not in now or not has_blob(path, before[path]):
            how = "changed" if path in now & then else "added" if path in now else "deleted"
            yield f"{_name(plan, path)} {how}"


def _name(plan: Plan, path: Path) -> str:
    root = plan.space.root.resolve()
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    return safe_text(name).replace("\n", "\\n").replace("\t", "\\t")


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield from [place] if os.path.lexists(place) else []
        return
    for folder, _, names in os.walk(place):
        yield from (Path(folder) / name for name in names)


def _used(plan: Plan) -> dict[str, _Used]:
    """By kind, what the run uses and a change could bring along; what lies outside of the repository it cannot."""
    root, config = plan.space.root, plan.config
    golden = root / "golden_sets" / config.golden_set
    personas = [one.path for one in plan.space.found_personas() if one.value in plan.personas]
    cards = [root / "configs" / "scorecards" / f"{config.scorecard}.yaml"] if config.scorecard is not None else []
    folder, own = _policies(plan)

    def is_version(path: Path) -> bool:
        return path == own or (path.parent == folder and _is_version(path, plan.policies.id))

    def placed(*paths: Path) -> tuple[Path, ...]:
        return tuple(place_of(root, path) for path in paths)

    return {
        "golden_set": _Used(placed(golden / "set.yaml", golden / "cases.jsonl")),
        "policies": _Used((folder,), is_version),
        "evaluators": _Used(placed(root / "evaluators"), _is_source),
        "personas": _Used(placed(*personas)),
        "scorecard": _Used(placed(*cards)),
    }


def _policies(plan: Plan) -> tuple[Path, Path | None]:
    """The folder of the policy's versions, and the one that is named by its path."""
    named = policy_of(plan.loaded, plan.golden)
    if named.endswith(".yaml"):
        own = place_of(plan.space.root, Path(named))
        return own.parent, own
    return place_of(plan.space.root, plan.space.policies_folder), None


def _is_version(path: Path, policy: str) -> bool:
    return path.suffix == ".yaml" and path.name.startswith(f"{policy}@")


def _is_source(path: Path) -> bool:
    """Also what evaluators may import or read, but for caches and hidden files."""
    return "__pycache__" not in path.parts and not path.name.startswith(".")
