"""How far the local reader and the evaluators agree with the labels of a golden set: precision, recall and F1.

    python benchmarks/golden_agreement.py [GOLDEN_SET]

Below the table stands how far two labellers of the same conversations agree with each other on which have a fault.

Labels of turns are compared place by place (turn and offer); verdicts conversation by conversation, as "has a fault"
or not. An unsure verdict counts as no fault found. The labels are those of the set, confirmed or not.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from evalh.evaluator import EvalContext, evaluate_all
from evalh.models import Conversation, GoldenLabel, Reading, Score
from evalh.reader.local import LocalReader
from evalh.workspace import Workspace

GOOD = {
    "objection_handling": {"graceful", "answered_objection", "reopened"},
    "eligibility": {"eligible"},
    "groundedness": {"grounded"},
    "disclosure": {"disclosed", "consented", "identity_disclosed"},
    "resolution": {"resolved", "promised", "resolved_before_offer", "outcome_kept"},
    "missed_opportunity": {"offered", "rightly_held_back"},
    "offer_quality": {"good"},
}
Key = tuple[str, str | None]


@dataclass
class Tally:
    """Hits and misses of one label."""

    hits: int = 0
    labelled: int = 0
    found: int = 0

    def line(self, name: str) -> str:
        """The label's row of the table."""
        precision = self.hits / self.found if self.found else 0.0
        recall = self.hits / self.labelled if self.labelled else 0.0
        both = precision + recall
        f1 = 2 * precision * recall / both if both else 0.0
        return f"{name:32}{self.labelled:>9}{self.found:>7}{precision:>11.2f}{recall:>8.2f}{f1:>6.2f}"


def main(set_id: str) -> None:
    """Print the table of one golden set."""
    workspace = Workspace.find(Path.cwd())
    golden = workspace.golden_set(set_id)
    labels: dict[Key, list[GoldenLabel]] = defaultdict(list)
    for label in golden.labels:
        labels[label.case, label.prompt_version].append(label)
    tallies: dict[str, Tally] = defaultdict(Tally)
    versions = sorted({version for _, version in labels if version is not None})
    for version in versions:
        for conversation, reading, scores in judged(workspace, set_id, version):
            given = labels.get((conversation.case or "", version), [])
            if given:
                compare(tallies, given, reading, scores)
    print(f"{len(labels)} labelled conversations of {set_id}, versions {', '.join(versions)}")
    print(f"{'label':32}{'labelled':>9}{'found':>7}{'precision':>11}{'recall':>8}{'F1':>6}")
    for name in sorted(tallies):
        print(tallies[name].line(name))
    between_labellers(golden.labels)


def judged(workspace: Workspace, set_id: str, version: str) -> Iterator[tuple[Conversation, Reading, list[Score]]]:
    """Each recording of a prompt version with its reading and its scores."""
    info = workspace.golden_set(set_id).info
    policies = workspace.policies(info.policy)
    prompt = workspace.prompt(info.agent, version)
    evaluators = workspace.evaluators_for()
    conversations = list(workspace.recordings(set_id, version))
    contexts = [
        EvalContext(
            conversation=held,
            policies=policies,
            in_force=policies.in_force(held.started_at.date() if held.started_at else None),
            system_prompt=prompt,
        )
        for held in conversations
    ]
    for ctx, reading in zip(contexts, LocalReader().read(conversations, policies.lexicon), strict=True):
        full = EvalContext(**{**vars(ctx), "facts": reading})
        yield ctx.conversation, reading, evaluate_all(evaluators, full)


def compare(tallies: Mapping[str, Tally], given: list[GoldenLabel], reading: Reading, scores: Iterable[Score]) -> None:
    """Add one conversation to the tallies."""
    places: dict[str, dict[tuple[int | None, str | None], str]] = {
        "act": {(fact.turn, fact.offer): fact.act for fact in reading.acts},
        "reply": {(fact.turn, fact.offer): fact.reply for fact in reading.replies},
        "mood": {(fact.turn, None): fact.mood for fact in reading.moods if fact.mood != "calm"},
        "register": {(fact.turn, None): fact.register_ for fact in reading.registers if fact.register_ != "neutral"},
    }
    for construct, found in places.items():
        wanted = {
            (label.turn, label.offer if construct in ("act", "reply") else None): label.label
            for label in given
            if label.construct_ == construct
        }
        for place in {*wanted, *found}:
            count(tallies, construct, wanted.get(place), found.get(place))
    summaries = {score.evaluator: score for score in scores if score.rollup}
    for construct, good in GOOD.items():
        said = [label.label for label in given if label.construct_ == construct]
        issue = [label.label for label in given if label.construct_ == "issue" and construct == "resolution"]
        fault = any(label not in good for label in said) or "unresolved" in issue
        count(
            tallies, "fault", construct if fault else None, construct if summaries[construct].passed is False else None
        )


def between_labellers(labels: Iterable[GoldenLabel]) -> None:
    """Print Cohen's kappa of the verdict "has a fault" on all conversations that two labellers have labelled.

    A conversation in which a labeller gives a construct no row has no fault of it for that labeller. Constructs that
    only one of the two labels anywhere are named: nothing is known about agreement on them.
    """
    seen: dict[Key, set[str]] = defaultdict(set)
    given: dict[str, set[str]] = defaultdict(set)
    faults: set[tuple[str, str, Key]] = set()
    for label in labels:
        place = (label.case, label.prompt_version)
        seen[place].add(label.labeller)
        given[label.construct_].add(label.labeller)
        if label.construct_ in GOOD and label.label not in GOOD[label.construct_]:
            faults.add((label.construct_, label.labeller, place))
    twice = [(place, pair) for place, who in seen.items() for pair in combinations(sorted(who), 2)]
    print(f"\n{'two labellers, fault or not':32}{'both':>9}{'faults':>9}{'kappa':>7}")
    for construct in GOOD:
        pairs = [
            ((construct, one, place) in faults, (construct, other, place) in faults)
            for place, (one, other) in twice
            if {one, other} <= given.get(construct, set())
        ]
        if pairs:
            either = sum(one or other for one, other in pairs)
            print(f"{construct:32}{len(pairs):>9}{either:>9}{kappa(pairs):>7.2f}")
    both = {construct for construct, who in given.items() if any(set(pair) <= who for _, pair in twice)}
    print(f"by one labeller only: {', '.join(sorted(given.keys() - both)) or 'none'}")


def kappa(pairs: list[tuple[bool, bool]]) -> float:
    """Cohen's kappa of two labellers' yes or no (Cohen 1960); 1 where there is nothing to disagree about."""
    size = len(pairs)
    agreed = sum(first == second for first, second in pairs) / size
    yes = [sum(pair[side] for pair in pairs) / size for side in (0, 1)]
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def count(tallies: Mapping[str, Tally], construct: str, wanted: str | None, found: str | None) -> None:
    """Add one place: what was labelled and what was found there, None for nothing."""
    if wanted is not None:
        tallies[f"{construct}: {wanted}"].labelled += 1
        tallies[f"{construct}: {wanted}"].hits += wanted == found
    if found is not None:
        tallies[f"{construct}: {found}"].found += 1


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "brightwater_care")
