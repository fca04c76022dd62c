"""How far two labellers of the same turns agree: F1 of one against the other, and kappa, for each label.

    python benchmarks/labellers.py

The first labels are those of the writers of the blind files (`data/turns/blind`); the second were given by another
instance of a language model from the texts and the codebook alone (`data/turns/second_labels.jsonl`). Where they do not
agree, no reader can be measured better than they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.validity.corpus import Line, lines_of
from benchmarks.validity.own import CONSTRUCTS, has

from evalh.stats.agreement import binary

DATA = Path(__file__).parents[1] / "data" / "turns"
FIELDS = ("id", "turns")


def pairs() -> Iterator[tuple[Line, Line]]:
    """Each turn that was labelled twice: the writer's labels and the second ones. Raises KeyError for no such turn."""
    first = {
        line["id"]: line["turns"]
        for path in sorted((DATA / "blind").glob("*.jsonl"))
        for line in lines_of(path, FIELDS)
    }
    for second in lines_of(DATA / "second_labels.jsonl", ("id", "turn")):
        yield first[second["id"]][second["turn"]], second


def main() -> None:
    """Print the table."""
    held = list(pairs())
    print(f"{len(held)} turns labelled twice")
    print(f"{'label':28}{'first':>7}{'second':>8}{'F1':>7}{'kappa':>7}")
    for construct in CONSTRUCTS:
        of_role = [(one, other) for one, other in held if one["role"] == construct.role]
        one, other = ([has(construct, pair[side].get(construct.field)) for pair in of_role] for side in (0, 1))
        both = binary(one, other)
        print(f"{construct.name:28}{sum(one):>7}{sum(other):>8}{both.f1:>7.2f}{both.kappa:>7.2f}")


if __name__ == "__main__":
    main()
