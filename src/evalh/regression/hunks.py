"""The changes between two prompts, and which of them a group of faults is nearest to in wording.

The nearest change is an aid to reading, not a finding: wording that is alike does not show that the change did it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import unified_diff
from statistics import fmean
from typing import TypeAlias

from evalh.encoder.base import Encoder
from evalh.models import Group
from evalh.text.sentences import sentences

CONTEXT = 1
LEAST = 0.25
"""A change less like the faults than this is near to none."""
MARGIN = 0.03
"""By this much the nearest change is nearer than the next, or none is said to be."""
MIN_WORDS = 3
_WORD = re.compile(r"[^\W\d_]+")
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")

Likeness: TypeAlias = Callable[[str, str], float]


def prompt_diff(before: str, after: str) -> tuple[str, ...]:
    """The hunks of the unified diff of two prompts, each as text that begins with its ``@@`` line."""
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT)
    hunks: list[list[str]] = []
    for line in list(lines)[2:]:
        if line.startswith("@@"):
            hunks.append([])
        hunks[-1].append(line)
    return tuple("\n".join(hunk) for hunk in hunks)


def nearest_hunk(groups: Sequence[Group], hunks: Sequence[str], encoder: Encoder | None) -> tuple[Group, ...]:
    """The groups, each with the number (from 1) of the hunk it is nearest to, which is an aid and not a finding.

    A hunk is as near as its changed sentences are to the reasons of the failing verdicts and to the quote that is most
    like one of them, by the cosine of the encoder's vectors; words in common are too weak a sign. None where there is
    only one hunk or no encoder, where all are about as far, and where the groups have nothing to go by.
    """
    changed = [_changed(hunk) for hunk in hunks]
    if encoder is None or len(hunks) < 2 or not any(changed):
        return tuple(groups)
    texts = [text for group in groups for told in (_reasons(group), _quotes(group)) for text in told]
    like = _by_vectors(encoder, [*texts, *(said for hunk in changed for said in hunk)])
    return tuple(group.model_copy(update={"hunk": _nearest(group, changed, like)}) for group in groups)


def _nearest(group: Group, changed: Sequence[Sequence[str]], like: Likeness) -> int | None:
    near = [_nearness(group, hunk, like) for hunk in changed]
    second, first = sorted(near)[-2:]
    return near.index(first) + 1 if first >= LEAST and first - second >= MARGIN else None


def _nearness(group: Group, hunk: Sequence[str], like: Likeness) -> float:
    """The mean of how near the reasons are and how near the nearest quote is."""
    if not hunk:
        return 0.0
    reasons = [max(like(text, said) for said in hunk) for text in _reasons(group)]
    quotes = [max(like(text, said) for said in hunk) for text in _quotes(group)]
    parts = ([fmean(reasons)] if reasons else []) + ([max(quotes)] if quotes else [])
    return fmean(parts) if parts else 0.0


def _reasons(group: Group) -> list[str]:
    return list(dict.fromkeys(one.candidate.reason for one in group.flipped if one.candidate.reason.strip()))


def _quotes(group: Group) -> list[str]:
    cited = (evidence.quote for one in group.flipped for evidence in one.candidate.evidence)
    return list(dict.fromkeys(quote for quote in cited if quote.strip()))


def _changed(hunk: str) -> list[str]:
    """The sentences that the hunk removes or adds, wrapped lines joined; what is too short to compare is left out."""
    found: list[str] = []
    for sign in "-+":
        lines = [_BULLET.sub("", line[1:], count=1) for line in hunk.splitlines()[1:] if line.startswith(sign)]
        text = " ".join(line.strip() for line in lines)
        found += [text[start:end] for start, end in sentences(text)]
    return [said for said in found if len(_WORD.findall(said)) >= MIN_WORDS]


def _by_vectors(encoder: Encoder, texts: Sequence[str]) -> Likeness:
    """The cosine of the vectors of two of `texts`."""
    distinct = list(dict.fromkeys(texts))
    vectors = dict(zip(distinct, encoder.encode(distinct), strict=True))
    return lambda one, other: float(vectors[one] @ vectors[other])
