"""The corpora as files: gzipped lines of JSON, found by the stem of their name; what a line means adapters know."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.held_out import held_out

from evalh.errors import BadInput

Line = Mapping[str, Any]
FITTED = ("p4g", "nlupp", "star", "tau", "darkpattern", "groundedness")
"""Corpora of which part was fitted on; of MultiDoGO its training split, of the others nothing."""
_ENDINGS = (".jsonl.gz", ".jsonl")


class MissingCorpus(Exception):
    """No file of the corpus is in the folder."""


@dataclass(frozen=True)
class Corpus:
    """The lines of a corpus: those that baselines are fitted on, if the files say so, and those that are scored."""

    fit: tuple[Line, ...]
    score: tuple[Line, ...]


@dataclass(frozen=True)
class Source:
    """Where lines come from: a folder, and how many of them at most; None for all."""

    folder: Path
    limit: int | None = None
    held_out: bool = False
    """Score only the lines that nothing was fitted on."""

    def load(self, stem: str, fields: Iterable[str], unit: Callable[[Line], str] | None = None) -> Corpus:
        """All lines of the files whose name begins with `stem`; split "train" is to fit on, the rest is scored.

        Where all lines are of one kind, all are scored. A limit keeps about so many of each kind, evenly spread, with
        all lines of which `unit` says the same. Raises MissingCorpus, and BadInput for a line without `fields`.
        """
        named = tuple(fields)
        lines = [line for file in self._files(stem) for line in lines_of(file, named)]
        fit = [line for line in lines if line.get("split") == "train"]
        score = [line for line in lines if line.get("split") != "train"]
        if not score:
            fit, score = [], lines
        if self.held_out and stem in FITTED:
            fit, score = (
                [*fit, *(line for line in score if not held_out(line))],
                [line for line in score if held_out(line)],
            )
        return Corpus(tuple(_thinned(fit, self.limit, unit)), tuple(_thinned(score, self.limit, unit)))

    def _files(self, stem: str) -> list[Path]:
        found = sorted(path for path in self.folder.glob(f"{stem}*") if path.name.endswith(_ENDINGS))
        if not found:
            raise MissingCorpus(f"no {stem}*.jsonl.gz in {self.folder}")
        return found


def lines_of(file: Path, fields: Iterable[str]) -> Iterator[Line]:
    """The objects of one file, gzipped or not. Raises BadInput for one that cannot be read or lacks one of `fields`."""
    number, named = 0, tuple(fields)
    try:
        with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as opened:
            for text in opened:
                number += 1
                if text.strip():
                    yield _object(text, named)
    except (OSError, EOFError, ValueError) as wrong:
        remedy = "expected one JSON object a line"
        raise BadInput(str(wrong), file=file, line=number or None, remedy=remedy) from wrong


def _object(text: str, fields: Iterable[str]) -> Line:
    line = json.loads(text)
    if not isinstance(line, dict):
        raise ValueError(f"{type(line).__name__} instead of an object")
    for name in fields:
        if name not in line:
            raise ValueError(f"{name!r} is missing")
    return line


def _thinned(lines: list[Line], limit: int | None, unit: Callable[[Line], str] | None) -> list[Line]:
    if limit is None or len(lines) <= limit:
        return lines
    units: dict[object, list[Line]] = {}
    for place, line in enumerate(lines):
        units.setdefault(unit(line) if unit else place, []).append(line)
    rows = list(units.values())
    wanted = max(1, len(rows) * limit // len(lines))
    return [line for step in range(wanted) for line in rows[step * len(rows) // wanted]]
