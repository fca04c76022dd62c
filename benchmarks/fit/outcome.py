"""Fits how a contact ended (evalh.reader.outcome), with the turn model that is installed.

    python -m benchmarks.fit.outcome --data DIR --out src/evalh/reader/weights/outcome.json

Own conversations end well where the last word on the matter is solved, done or promised; STAR's customers say so
themselves; tau-bench's reward says whether the shop's records came out right. Each source counts the same. What was
held out of the public ones is scored, and each source by weights fitted on the others.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.fit import corpora
from benchmarks.fit.fusion import conversation_of, lexicon_of
from benchmarks.held_out import held_out

from evalh.models import Conversation, Lexicon
from evalh.reader.local import LocalReader
from evalh.reader.outcome import FEATURES, features
from evalh.stats.agreement import auc, binary

PENALTY = 1.0
STEPS = 4_000
MOST = 900
"""Conversations of a source."""
Row = tuple[str, bool, list[float], bool]


def rows_of(folder: Path | None) -> list[Row]:
    """Source, truth, features, and whether it is held out, of each conversation whose end is known."""
    reader = LocalReader()
    found = [("own", good, _numbers(reader, held, lexicon), False) for good, held, lexicon in _own()]
    for source in ("star", "tau") if folder else ():
        lines = list(_public(folder, source))  # type: ignore[arg-type]
        random.Random(7).shuffle(lines)
        nothing = Lexicon(currency="USD", offers=(), disclosures=(), prohibited=(), consent_tools=())
        for good, line in lines[:MOST]:
            found.append((source, good, _numbers(reader, _conversation(line), nothing), held_out(line)))
    return found


def _own() -> Iterator[tuple[bool, Conversation, Lexicon]]:
    for talk in corpora.own():
        said = [turn.get("word") or turn.get("issue") for turn in talk.line["turns"]]
        last = next((word for word in reversed(said) if word), None)
        if last is not None and len(said) >= 4:
            yield last in ("solved", "done", "promised"), conversation_of(talk), lexicon_of(talk)


def _public(folder: Path, source: str) -> Iterator[tuple[bool, dict[str, Any]]]:
    for line in corpora.lines_of(folder, source):
        if source == "star" and line["labels"].get("resolved_clean") is not None:
            yield bool(line["labels"]["resolved_clean"]), line
        elif source == "tau" and any(turn["role"] == "customer" and turn["text"] for turn in line["turns"]):
            yield line["labels"]["reward"] >= 1, line


def _conversation(line: dict[str, Any]) -> Conversation:
    turns = [
        {"role": turn["role"], "text": turn["text"]}
        for turn in line["turns"]
        if turn["role"] in ("customer", "agent") and turn["text"].strip()
    ]
    return Conversation.model_validate({"id": "held", "language": "en", "turns": turns})


def _numbers(reader: LocalReader, held: Conversation, lexicon: Lexicon) -> list[float]:
    session = reader.session(held, lexicon)
    session.scores = reader.scores([held])[0]
    for turn in held.turns:
        session.add(turn)
    return features(session.heard, session.issues.issues(ended=True))


def fit(rows: Sequence[Row]) -> list[float]:
    """Bias and weights by gradient descent; sources, and good and bad ends within them, count the same."""
    numbers = np.array([row[2] for row in rows])
    mean, spread = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
    scaled = np.hstack([np.ones((len(rows), 1)), (numbers - mean) / spread])
    truth = np.array([float(row[1]) for row in rows])
    groups = [(row[0], row[1]) for row in rows]
    counts = np.array([1 / groups.count(group) for group in groups])
    counts *= len(rows) / counts.sum()
    weights = np.zeros(scaled.shape[1])
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (counts * (chances - truth)) / len(rows)
        slope[1:] += PENALTY * weights[1:] / len(rows)
        weights -= 0.3 * slope
    plain = weights[1:] / spread
    return [float(weights[0] - (plain * mean).sum()), *map(float, plain)]


def report(name: str, weights: Sequence[float], rows: Sequence[Row]) -> None:
    """Print AUC and balanced accuracy at one half."""
    chances = [1 / (1 + np.exp(-(weights[0] + np.dot(weights[1:], row[2])))) for row in rows]
    truth = [row[1] for row in rows]
    hits = binary(truth, [chance >= 0.5 for chance in chances])
    print(f"{name:34}{len(rows):>6}  AUC {auc(truth, chances):.3f}  balanced accuracy {hits.balanced_accuracy:.3f}")


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rows = rows_of(args.data)
    kept = [row for row in rows if not row[3]]
    weights = fit(kept)
    for source in sorted({row[0] for row in rows}):
        report(f"{source}, fitted on", weights, [row for row in kept if row[0] == source])
        if any(row[0] == source and row[3] for row in rows):
            report(f"{source}, held out", weights, [row for row in rows if row[0] == source and row[3]])
        others = [row for row in kept if row[0] != source]
        if others:
            report(f"{source}, by the other sources", fit(others), [row for row in rows if row[0] == source])
    named = {name: round(weight, 4) for name, weight in zip(FEATURES, weights[1:], strict=True)}
    args.out.write_text(json.dumps({"bias": round(weights[0], 4), "weights": named}, indent=1) + "\n", encoding="utf-8")
    for name, weight in named.items():
        print(f"{name:18}{weight:>9.3f}")


if __name__ == "__main__":
    main()
