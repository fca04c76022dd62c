"""Offer policies: their versions from files, what pydantic cannot see in them, and the one in force on a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from pathlib import Path

from evalh.errors import BadConfig, BadInput, UserError
from evalh.evaluator.condition import BadCondition, compile_condition
from evalh.models import Conversation, OfferPolicy, PolicyInForce, PolicySet
from evalh.text.yaml import KeyPath
from evalh.workspace.files import Found, did_you_mean, files, raise_all, read_yaml
from evalh.workspace.find import shown

FoundPolicy = Found[OfferPolicy]


def read_policy(path: Path) -> FoundPolicy:
    """One version, with its conditions compiled and its references checked."""
    found = read_yaml(path, OfferPolicy)
    if found.value is None:
        return found
    return found.with_problems([*_bad_conditions(found, found.value), *_bad_references(found, found.value)])


def policy_files(folder: Path, policy_id: str | None = None) -> list[Path]:
    """The files named `<id>@<version>.yaml` in `folder`, of one policy or of all."""
    named = [path for path in files(folder, ".yaml") if "@" in path.stem]
    return [path for path in named if policy_id in (None, path.stem.partition("@")[0])]


def versions_beside(path: Path) -> list[FoundPolicy]:
    """The version in `path` and its siblings in the same folder; only itself when it cannot be read."""
    found = read_policy(path)
    if found.value is None:
        return [found]
    others = [other for other in policy_files(path.parent, found.value.id) if other.resolve() != path.resolve()]
    return [found, *map(read_policy, others)]


def as_set(found: Sequence[FoundPolicy]) -> PolicySet:
    """The versions as one policy. Raises everything that is wrong with them."""
    raise_all([error for one in found for error in one.problems] or set_problems(found))
    ordered = sorted((one.get() for one in found), key=lambda policy: policy.effective.from_)
    return PolicySet(versions=tuple(ordered))


def set_problems(found: Sequence[FoundPolicy]) -> list[UserError]:
    """What is wrong between the versions of one policy: another id, the same version, overlapping days."""
    usable = [(one, one.value) for one in found if one.value is not None]
    ordered = sorted(usable, key=lambda pair: pair[1].effective.from_)
    return [error for older, newer in combinations(ordered, 2) for error in _conflicts(older, newer)]


def _conflicts(older: tuple[FoundPolicy, OfferPolicy], newer: tuple[FoundPolicy, OfferPolicy]) -> Iterator[UserError]:
    (first, before), (second, after) = older, newer
    other = shown(first.path)
    if before.id != after.id:
        yield second.bad(f"the id is {after.id!r}, but that of {other} is {before.id!r}", ("id",), "use one id")
    elif before.version == after.version:
        yield second.bad(f"{other} is version {after.version!r} too", ("version",), "give it a version of its own")
    elif _overlap(before, after):
        problem = f"version {after.version!r} is in force on {after.effective.from_}, and so is {before.version!r}"
        yield second.bad(f"{problem} ({other})", ("effective", "from"), "change 'from' or the other's 'to'")


def _overlap(before: OfferPolicy, after: OfferPolicy) -> bool:
    same_day = before.effective.from_ == after.effective.from_
    return same_day or (before.effective.to is not None and before.effective.covers(after.effective.from_))


def name_problems(found: FoundPolicy) -> list[UserError]:
    """Whether a file of the workspace is called as its content says."""
    policy = found.value
    if policy is None or found.path.stem == f"{policy.id}@{policy.version}":
        return []
    wanted = f"{policy.id}@{policy.version}.yaml"
    return [found.bad(f"the file holds version {policy.version!r} of {policy.id!r}", ("id",), f"name it {wanted}")]


def _bad_conditions(found: FoundPolicy, policy: OfferPolicy) -> Iterator[BadConfig]:
    for path, expression in _conditions(policy):
        try:
            compile_condition(expression)
        except BadCondition as error:
            yield found.bad(str(error), path, "correct the expression")


def _conditions(policy: OfferPolicy) -> Iterator[tuple[KeyPath, str]]:
    for index, offer in enumerate(policy.offers):
        if offer.eligibility.condition is not None:
            yield ("offers", index, "eligibility", "condition"), offer.eligibility.condition
    for index, rule in enumerate(policy.suppression):
        yield ("suppression", index, "when"), rule.when


def _bad_references(found: FoundPolicy, policy: OfferPolicy) -> Iterator[BadConfig]:
    known = list(policy.by_id)
    for index, offer in enumerate(policy.offers):
        if offer.replaced_by is not None and offer.replaced_by not in policy.by_id:
            problem = f"there is no offer {offer.replaced_by!r}"
            path = ("offers", index, "replaced_by")
            yield found.bad(problem, path, did_you_mean(offer.replaced_by, known, "define it"))


def in_force(
    policies: PolicySet, conversation: Conversation, as_of: date | None = None, *, place: str | None = None
) -> PolicyInForce:
    """The version for the conversation's day, else for `as_of`, else the newest, marked assumed.

    Raises BadInput, naming `place` and both dates, when no version was in force that day.
    """
    started = conversation.started_at
    day = started.date() if started is not None else as_of
    found = policies.in_force(day)
    if found is None:
        raise BadInput(*_uncovered(policies, conversation, day), file=place, remedy="add the version of that day")
    return found


def _uncovered(policies: PolicySet, conversation: Conversation, day: date | None) -> tuple[str]:
    first = policies.versions[0]
    who = f"the conversation {conversation.id!r} is of {day}"
    if day is not None and day < first.effective.from_:
        return (f"{who}, but the first version of {policies.id!r} is in force from {first.effective.from_}",)
    last = max(
        policy.effective.to for policy in policies.versions if policy.effective.to and day and policy.effective.to < day
    )
    return (f"{who}, but no version of {policies.id!r} is in force after {last}",)
