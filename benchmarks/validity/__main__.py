"""How far the reader agrees with labels of people, beside trivial baselines computed on the same cases.

    python -m benchmarks.validity --data DIR [--only p4g star] [--limit N] [--out FILE.json] [--errors DIR]

DIR holds the corpora (benchmarks/README.md says which, and where to get them); one that is missing is skipped. Facts
that an evaluator would find too unsure to build on count as not read, and "unsure" as wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.validity import grounding, outcome, own, p4g, pressure, replies, report
from benchmarks.validity.corpus import MissingCorpus, Source
from benchmarks.validity.reading import Desk
from benchmarks.validity.scoring import Row

from evalh.errors import UserError
from evalh.reader.local import LocalReader

Adapter = Callable[[Source, Desk], Iterator[Row]]
ADAPTERS: dict[str, Adapter] = {
    "p4g": p4g.measure,
    "sgd": replies.measure_sgd,
    "multidogo": replies.measure_multidogo,
    "nlupp": replies.measure_nlupp,
    "values": grounding.measure_values,
    "prose": grounding.measure_prose,
    "star": outcome.measure_star,
    "tau": outcome.measure_tau,
    "pressure": pressure.measure,
}
_OPTIONAL = {"sklearn": "scikit-learn", "vaderSentiment": "vaderSentiment"}


def main(given: Sequence[str] | None = None) -> int:
    """Print the tables; 2 for input that cannot be read."""
    args = _parser().parse_args(given)
    desk, skipped = Desk(LocalReader(rules_only=args.rules_only)), list(_without())
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        name: partial(ADAPTERS[name], Source(args.data, args.limit, args.held_out), desk)
        for name in _chosen(args.only)
        if args.data
    }
    if args.own is not None:
        parts["own"] = partial(own.measure, args.own, desk)
    try:
        rows = list(_measured(parts, skipped))
    except UserError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    for line in report.lines(rows, desk.speeds, skipped):
        print(line)
    if args.out is not None:
        told = report.as_json(rows, desk.speeds, skipped, desk.reader.id)
        args.out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if args.errors is not None:
        report.write_errors(rows, args.errors)
    return 0


def _measured(parts: dict[str, Callable[[], Iterator[Row]]], skipped: list[str]) -> Iterator[Row]:
    for name, part in parts.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            yield from part()
        except MissingCorpus as missing:
            skipped.append(f"{name}: {missing}")


def _chosen(only: Sequence[str]) -> list[str]:
    named = [name for part in only for name in part.split(",") if name]
    unknown = sorted(set(named) - ADAPTERS.keys())
    if unknown:
        _parser().error(f"--only: {', '.join(map(repr, unknown))} is none of {', '.join(ADAPTERS)}")
    return [name for name in ADAPTERS if not named or name in named]


def _without() -> Iterator[str]:
    from benchmarks.validity.baselines import installed

    for module, package in _OPTIONAL.items():
        if installed(module) is None:
            yield f"baseline: {package} is not installed (pip install 'evalh[benchmarks]')"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.validity", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=_folder, help="folder with the corpora")
    parser.add_argument("--own", type=Path, help="a file, or a folder of files, labelled turn by turn (JSONL)")
    parser.add_argument("--only", nargs="+", default=[], help=f"of {', '.join(ADAPTERS)}")
    parser.add_argument("--limit", type=_number, help="about so many lines of each corpus, for a quick look")
    parser.add_argument("--rules-only", action="store_true", help="leave the turn model out")
    parser.add_argument("--held-out", action="store_true", help="only lines that the shipped model was not fitted on")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    parser.add_argument("--errors", type=Path, help="write typical errors into this folder; they quote the corpora")
    return parser


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return Path(text)


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
