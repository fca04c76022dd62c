"""Averages two fitted networks, weight by weight, and writes the result as onnx files.

    python -m benchmarks.fit.average --first A --second B --share 0.4 --out FOLDER

Of a network and what it became by being fitted further, the average reads both kinds of conversations better than
either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"): share is the part of the second, 0 to 1.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from benchmarks.fit import corpora, export
from benchmarks.fit.network import Network, tokenize
from benchmarks.fit.resume import shipped

SEED = 7
TALKS = 400
"""Conversations on whose turns the scales of activations are set."""


def average(first: Network, second: Network, share: float) -> Network:
    """The network whose weights are (1 - share) of the first's and share of the second's."""
    ours, theirs = first.state_dict(), second.state_dict()
    network = Network()
    network.load_state_dict({name: (1 - share) * ours[name] + share * theirs[name] for name in ours})
    return network.eval()


def main() -> None:
    """Read both, write the average."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=Path, required=True, help="folder with turns.onnx and heads.onnx")
    parser.add_argument("--second", type=Path, required=True)
    parser.add_argument("--share", type=float, required=True, help="of the second, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    first, second = (shipped(folder / "turns.onnx", folder / "heads.onnx") for folder in (args.first, args.second))
    talks = corpora.own()
    random.Random(SEED).shuffle(talks)
    tokenize(talks[:TALKS])
    turns = list(corpora.texts(talks[:TALKS]))
    random.Random(SEED).shuffle(turns)
    export.write(average(first, second, args.share), args.out, turns)


if __name__ == "__main__":
    main()
