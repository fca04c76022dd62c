"""Prompts and recordings as they were at a git ref, as the baseline of those of the working tree."""

from __future__ import annotations

from collections.abc import Mapping

from evalh.errors import NotFound
from evalh.gate.plan import AtRef, Baseline, Plan
from evalh.gate.since import check_unchanged
from evalh.models import RunConfig
from evalh.workspace.at_ref import (
    commit_of,
    file_at,
    gone_at,
    is_unchanged,
    prompt_at,
    recordings_at,
)


def base_of(config: RunConfig) -> str:
    """The version that others are compared with."""
    return config.prompts.baseline or config.prompts.versions[0]


def at_git(plan: Plan, ref: str, *, allow: tuple[str, ...] = (), listed: tuple[str, ...] | None = None) -> Baseline:
    """Each version against its own prompt and recordings at the ref; one that is new, against the baseline there.

    A version is new when the ref has no prompt or, where they are replayed, no recordings of it, or when it is not
    `listed`. Raises UserError when what judges both sides changed since and is not in `allow`.
    """
    commit = commit_of(plan.space.root, ref)
    allowed = check_unchanged(plan, ref, commit, allow)
    leave_out = any(told.startswith("golden_set") for told in allowed)
    older: dict[str, AtRef] = {}
    before: dict[str, str] = {}
    new: list[tuple[str, NotFound]] = []
    for version in plan.prompts:
        try:
            name, found = _older(plan, version, ref, leave_out, listed)
        except NotFound as error:
            new.append((version, error))
            continue
        before[version] = version if _is_same(plan, version, found, commit) else name
        older[name] = found
    pairs: dict[str, str | None] = {version: name for version, name in before.items() if name != version}
    if new:
        name = _base(plan, ref, before, older, leave_out, new[0][1])
        pairs |= dict.fromkeys((version for version, _ in new), name)
    if not pairs:
        notice = f"no prompt of this run changed since {ref}"
        return Baseline({one: one for one in plan.prompts}, notice=notice, allowed=allowed)
    used = {name: older[name] for name in pairs.values() if name in older}
    return Baseline(pairs, at_ref=used, notice=_left_out(plan, ref, used), allowed=allowed)


def _older(
    plan: Plan, version: str, ref: str, leave_out: bool, listed: tuple[str, ...] | None = None
) -> tuple[str, AtRef]:
    """The version at the ref and what that side is called. Raises NotFound when it is new since."""
    if listed is not None and version not in listed:
        raise NotFound(f"the configuration that decides has no version {version!r}, and no baseline of it is at {ref}")
    prompt, name = prompt_at(plan.space, plan.config.prompts.agent, version, ref)
    if not plan.is_live:
        recordings_at(plan.space, plan.config.golden_set, prompt, ref)
    return name, AtRef(prompt, ref, _source_at(plan, version, ref), leave_out)


def _is_same(plan: Plan, version: str, older: AtRef, commit: str) -> bool:
    """Whether the working tree has the very prompt of the ref and, where they are replayed, its recordings."""
    if older.prompt.sha256 != plan.prompts[version].sha256:
        return False
    recorded = plan.space.recordings_path(plan.config.golden_set, version)
    return plan.is_live or is_unchanged(plan.space.root, commit, recorded)


def _base(
    plan: Plan, ref: str, before: Mapping[str, str], older: dict[str, AtRef], leave_out: bool, missing: NotFound
) -> str:
    """What new versions are compared with; kept in `older` where only the ref has it. Raises `missing` without one."""
    base = base_of(plan.config)
    if base in before:
        return before[base]
    try:
        name, found = _older(plan, base, ref, leave_out)
    except NotFound:
        raise missing from None
    older[name] = found
    return name


def _source_at(plan: Plan, version: str, ref: str) -> str:
    path = plan.space.prompt_path(plan.config.prompts.agent, version)
    raw = file_at(plan.space.root, commit_of(plan.space.root, ref), path) or b""
    return raw.decode("utf-8", "replace")


def _left_out(plan: Plan, ref: str, used: Mapping[str, AtRef]) -> str:
    read = [one for one in used.values() if one.leave_out and not plan.is_live]
    gone = sum(gone_at(plan.space, plan.config.golden_set, one.prompt, ref) for one in read)
    if not gone:
        return ""
    told = "1 recording" if gone == 1 else f"{gone} recordings"
    return f"{told} at {ref} left out: the golden set no longer has the case"
