"""How many wrong amounts groundedness finds: amounts of turns that are right are changed one by one and judged again.

    python benchmarks/wrong_amounts.py [GOLDEN_SET ...]

A turn counts where the evaluator found an amount of it true and nothing false. One amount in it is then made another,
one that no version of the policy states of anything, and the conversation is read and judged anew. `found`: a fault at
that turn; `unsure`: none, but a verdict that cannot be told; `passed`: neither, mostly because the amount was not read
as said of an offer. The labels are known without a labeller; how often a right turn is called wrong is not measured.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from evaluators.groundedness import Groundedness

from evalh.evaluator import EvalContext
from evalh.evaluator.run import evaluate_one
from evalh.models import Conversation, PolicySet, Score
from evalh.reader.local import LocalReader
from evalh.workspace import Workspace

AMOUNT = re.compile(r"\$\d{1,3}(?:\.\d\d)?|\b\d{1,3}\.\d\d\b")
SPOKEN = re.compile(
    r"\b(?:three|four|six|seven|nine|fourteen|nineteen|twenty|twenty-five|thirty|forty-five|sixty|ninety)(?= dollars\b)"
)
OTHER = ("eleven", "thirteen", "seventeen", "twenty-one", "thirty-six", "fifty-two", "eighty-eight")
MONEY = ("price", "fee", "discount", "term")
"""Parts of a clause that a verdict on an amount of money cites."""


def main(sets: Sequence[str]) -> None:
    """Print a line for each golden set."""
    space, reader = Workspace.find(Path.cwd()), LocalReader()
    print(f"{'golden set':24}{'wrong amounts':>15}{'found':>8}{'unsure':>8}{'passed':>8}")
    for name in sets:
        golden = space.golden_set(name)
        policies = space.policies(golden.info.policy)
        versions = sorted(path.stem for path in Path("golden_sets", name, "recordings").glob("*.jsonl"))
        held = [conversation for version in versions for conversation in space.recordings(name, version)]
        changed = list(_changed(held, _judged(held, policies, reader), policies))
        rows = _judged([conversation for conversation, _ in changed], policies, reader)
        seen = Counter(_seen(scores, turn) for (_, turn), scores in zip(changed, rows, strict=True))
        share = [f"{seen[key]:>8}" for key in ("found", "unsure", "passed")]
        print(f"{name:24}{len(changed):>15}{''.join(share)}")


def _judged(held: Sequence[Conversation], policies: PolicySet, reader: LocalReader) -> list[list[Score]]:
    readings = reader.read(held, policies.lexicon)
    contexts = [
        EvalContext(
            conversation=conversation,
            facts=reading,
            policies=policies,
            in_force=policies.in_force(conversation.started_at.date() if conversation.started_at else None),
        )
        for conversation, reading in zip(held, readings, strict=True)
    ]
    return [[row for row in evaluate_one(Groundedness(), context) if not row.rollup] for context in contexts]


def _changed(
    held: Sequence[Conversation], rows: Sequence[Sequence[Score]], policies: PolicySet
) -> Iterator[tuple[Conversation, int]]:
    """Each conversation with one amount changed, and the turn of it."""
    rng = random.Random(7)
    stated = _stated(policies)
    for conversation, scores in zip(held, rows, strict=True):
        bad = {row.turn for row in scores if row.passed is False}
        right = [row for row in scores if row.passed and any(part in (row.clause or "") for part in MONEY)]
        for turn in sorted({row.turn for row in right if row.turn is not None} - bad):
            text = conversation.turns[turn].text
            for start, end, said in _others(text, stated, rng):
                turns = list(conversation.turns)
                turns[turn] = turns[turn].model_copy(update={"text": text[:start] + said + text[end:]})
                name = f"{conversation.id}-{turn}-{start}"
                yield conversation.model_copy(update={"turns": tuple(turns), "id": name}), turn


def _others(text: str, stated: frozenset[str], rng: random.Random) -> Iterator[tuple[int, int, str]]:
    for match in AMOUNT.finditer(text):
        said = match.group()
        places = [at for at, char in enumerate(said) if char.isdigit()]
        for _ in range(20):
            at = rng.choice(places[:2])
            other = said[:at] + rng.choice("123456789") + said[at + 1 :]
            if other != said and other.lstrip("$").partition(".")[0] not in stated:
                yield match.start(), match.end(), other
                break
    for match in SPOKEN.finditer(text):
        yield match.start(), match.end(), rng.choice(OTHER)


def _stated(policies: PolicySet) -> frozenset[str]:
    """The whole part of every amount in any version."""
    found = set()
    for policy in policies.versions:
        found |= set(re.findall(r'"(\d+)(?:\.\d+)?"', policy.model_dump_json()))
    return frozenset(found)


def _seen(scores: Sequence[Score], turn: int) -> str:
    here = [row for row in scores if row.turn == turn]
    if any(row.passed is False for row in here):
        return "found"
    return "unsure" if any(row.state == "unsure" for row in here) else "passed"


if __name__ == "__main__":
    main(sys.argv[1:] or ["brightwater_care", "skylark_booking"])
