"""Fits the weights of `evalh.reader.support` to pairs of claim and passage, and says how well they carry over.

    python -m benchmarks.fit.support --data DIR [--write]

DIR holds groundedness_dev.jsonl.gz: WiCE (ODC-BY), BEGIN, FaithDial's audit (MIT) and Q2 as lines with `dataset`,
`text`, `evidence` and `label`. Replies that claim nothing (generic) are left out, and partial support is none. Small
boosted trees, each feature allowed to speak one way only, are measured by leaving out passages and whole corpora, and
on the quarter of the lines that nothing is fitted on. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.held_out import held_out
from numpy.typing import NDArray

from evalh.reader.support import FEATURES, RISING, features

WEIGHTS = Path("src/evalh/reader/weights/support.json")
FILE = "groundedness_dev.jsonl.gz"
FOLDS = 5
DEPTH = 3

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Names = NDArray[np.str_]


def main() -> None:
    parser = argparse.ArgumentParser(description="fits the weights of evalh.reader.support")
    parser.add_argument("--data", type=Path, required=True, help=f"the folder of {FILE}")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS}")
    given = parser.parse_args()
    lines = load(given.data / FILE)
    apart = np.array([held_out(line) for line in lines])
    rows = features([(line["text"], line["evidence"]) for line in lines])
    truth = np.array([line["label"] == "grounded" for line in lines])
    corpora = np.array([corpus(line) for line in lines])
    passages = np.array([passage(line) for line in lines])
    seen, known, groups = rows[~apart], truth[~apart], corpora[~apart]
    report("left-out passages", known, groups, by_fold(seen, known, passages[~apart]))
    report("left-out corpora", known, groups, by_group(seen, known, groups))
    fitted = fit(seen, known)
    report("held-out quarter", truth[apart], corpora[apart], fitted.predict_proba(rows[apart])[:, 1])
    if given.write:
        WEIGHTS.write_text(json.dumps(stored(fitted)) + "\n", encoding="utf-8")
        print(f"wrote {WEIGHTS}, {WEIGHTS.stat().st_size:,} bytes")


def load(path: Path) -> list[dict[str, Any]]:
    """The lines that claim something."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        lines = [json.loads(line) for line in stream]
    return [line for line in lines if line["label"] in ("grounded", "ungrounded")]


def corpus(line: dict[str, Any]) -> str:
    """The corpus of a line; the three parts of BEGIN are one."""
    return str(line["dataset"]).split("_", maxsplit=1)[0]


def passage(line: dict[str, Any]) -> str:
    """What must not be on both sides of a split: the article of a claim, or else its passage."""
    return str((line.get("meta") or {}).get("claim_title") or line["evidence"])


def fit(rows: Floats, truth: Bools) -> Any:
    """The boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_depth=DEPTH,
        learning_rate=0.05,
        max_iter=150,
        l2_regularization=5,
        min_samples_leaf=30,
        monotonic_cst=[1 if name in RISING else -1 for name in FEATURES],
    ).fit(rows, truth)


def by_fold(rows: Floats, truth: Bools, groups: Names) -> Floats:
    """The chances by weights that have not seen the passage."""
    from sklearn.model_selection import GroupKFold

    chances = np.zeros(len(truth))
    for seen, unseen in GroupKFold(FOLDS, shuffle=True, random_state=0).split(rows, truth, groups):
        chances[unseen] = fit(rows[seen], truth[seen]).predict_proba(rows[unseen])[:, 1]
    return chances


def by_group(rows: Floats, truth: Bools, groups: Names) -> Floats:
    """The chances by weights that have not seen the corpus."""
    chances = np.zeros(len(truth))
    for name in sorted(set(groups)):
        own = groups == name
        chances[own] = fit(rows[~own], truth[~own]).predict_proba(rows[own])[:, 1]
    return chances


def report(title: str, truth: Bools, corpora: Names, chances: Floats) -> None:
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    print(f"{title}: all, calibration error {calibration_error(truth, chances):.3f}")
    for name in sorted(set(corpora)):
        own = corpora == name
        auc = roc_auc_score(truth[own], chances[own])
        balanced = balanced_accuracy_score(truth[own], chances[own] > 0.5)
        error = calibration_error(truth[own], chances[own])
        print(f"  {name:<10} n {own.sum():5,}  AUC {auc:.3f}  balanced accuracy {balanced:.3f}  ECE {error:.3f}")


def calibration_error(truth: Bools, chances: Floats, bins: int = 10) -> float:
    """The expected calibration error over bins of equal width."""
    places = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = [abs(truth[places == one].mean() - chances[places == one].mean()) * (places == one).mean()
            for one in range(bins) if (places == one).any()]  # fmt: skip
    return float(sum(gaps))


def stored(fitted: Any) -> dict[str, Any]:
    """The trees as complete ones of depth three, in plain lists."""
    trees = [_complete(stage[0].nodes) for stage in fitted._predictors]
    return {
        "features": list(FEATURES),
        "base": round(float(fitted._baseline_prediction[0, 0]), 6),
        "feature": [[split[0] for split in splits] for splits, _ in trees],
        "threshold": [[split[1] for split in splits] for splits, _ in trees],
        "leaf": [leaves for _, leaves in trees],
    }


def _complete(nodes: Any) -> tuple[list[tuple[int, float]], list[float]]:
    level, splits = [0], []
    for _ in range(DEPTH):
        below = []
        for place in level:
            node = nodes[place]
            splits.append((0, 0.0) if node["is_leaf"] else (int(node["feature_idx"]), _short(node["num_threshold"])))
            below += [place, place] if node["is_leaf"] else [int(node["left"]), int(node["right"])]
        level = below
    return splits, [_short(nodes[place]["value"]) for place in level]


def _short(value: float) -> float:
    return round(float(value), 6)


if __name__ == "__main__":
    main()
