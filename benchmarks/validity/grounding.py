"""Claims against a record (SGD), and against prose (WiCE, BEGIN, Q2, the FaithDial audit).

A sentence of an agent comes with a record, one "slot: value" a line: its own, or another one that differs in what the
sentence says. The hard pairs are those whose other record stands in the same list of results; their right records
belong to them. `evalh.reader.values.agrees` says grounded, ungrounded or unsure, and unsure is wrong.

A claim against prose comes with a passage; one that is supported in part is not grounded, and replies that claim
nothing (generic) are left out. `evalh.reader.support.supported` says how likely it is that the passage supports it.

The words baseline is the share of the sentence's words and numbers that are in the evidence; TF-IDF is the cosine of
both. For grounded or not, the share from which to say grounded is chosen in the other four parts of the corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from benchmarks.validity import baselines
from benchmarks.validity.corpus import Line, Source
from benchmarks.validity.reading import Desk
from benchmarks.validity.scoring import Case, Found, Measure, Row, Table, compare, short

from evalh.stats.agreement import binary

_TWO = ("grounded", "ungrounded")
_PROSE = {"wice_oracle_chunks": "WiCE", "q2": "Q2", "faithdial_audit": "FaithDial audit"}


def measure_values(source: Source, desk: Desk) -> Iterator[Row]:
    """The pairs of sentence and record: all, and the hard ones."""
    lines = source.load("sgd_grounding_pairs", ("id", "text", "evidence", "label"), _pair).score
    said, note = ask("values", "agrees", lambda agrees: _verdicts(agrees, lines, desk))
    hard = {_pair(line) for line in lines if line.get("neg_source") == "same_result_list"}
    places = range(len(lines))
    for name, target, own in (
        ("values against a record, hard pairs", 0.92, [place for place in places if _pair(lines[place]) in hard]),
        ("values against a record, all pairs", None, list(places)),
    ):
        measure = Measure(name, "SGD", "balanced accuracy", _TWO, target)
        cases = [_of_record(lines[place]) for place in own]
        verdicts = None if said is None else [said[place] for place in own]
        found = Found(
            None if verdicts is None else [label for label, _ in verdicts], _baselines(cases, lines, own), note
        )
        tables = [] if verdicts is None else [_by_slot([lines[place] for place in own], verdicts)]
        yield compare(measure, cases, found, tables)


def measure_prose(source: Source, desk: Desk) -> Iterator[Row]:
    """The pairs of claim and passage, a row for each corpus they come from, and one for grounded or not."""
    lines = source.load("groundedness", ("id", "dataset", "text", "evidence", "label")).score
    kept = [line for line in lines if line["label"] in _TWO]
    pairs = [(str(line["text"]), str(line["evidence"])) for line in kept]
    said, note = ask("support", "supported", lambda supported: _chances(supported, pairs, desk))
    for name in sorted({_corpus(line) for line in kept}, key=lambda name: (name != "WiCE", name)):
        own = [place for place, line in enumerate(kept) if _corpus(line) == name]
        cases = [_of_passage(kept[place]) for place in own]
        chances = None if said is None else [said[place] for place in own]
        shares = [baselines.overlap(*pairs[place]) for place in own]
        cosines = baselines.closeness([pairs[place] for place in own])
        measure = Measure("claims against prose", name, "AUC", _TWO, 0.76 if name == "WiCE" else None)
        yield compare(measure, cases, Found(chances, {"words": shares, "TF-IDF": cosines}, note))
        labels = baselines.positive(chances, 0.5, _TWO)
        others = {"always": baselines.always("grounded", cases), **_from_scores(cases, shares, cosines)}
        measure = Measure("claims against prose, yes or no", name, "balanced accuracy", _TWO)
        yield compare(measure, cases, Found(labels, others, note))


def ask(module: str, name: str, use: Callable[[Any], Any]) -> tuple[Any, str]:
    """What the reader's function says, or None and why there is nothing."""
    try:
        entry = getattr(import_module(f"evalh.reader.{module}"), name)
    except (ModuleNotFoundError, AttributeError):
        return None, f"evalh.reader.{module}.{name} is not there"
    return use(entry), ""


def _verdicts(agrees: Callable[[str, Mapping[str, str]], Any], lines: Sequence[Line], desk: Desk) -> list[Any]:
    with desk.timed("SGD: values against a record", len(lines)):
        said = [agrees(line["text"], record(line["evidence"])) for line in lines]
    return [(verdict.label, tuple(verdict.mismatches)) for verdict in said]


def _chances(supported: Callable[[Any], Any], pairs: Sequence[tuple[str, str]], desk: Desk) -> list[float]:
    with desk.timed("claims against prose", len(pairs)):
        return list(supported(pairs))


def record(evidence: str) -> dict[str, str]:
    """The slots of a record and their values, of lines such as "time: 11:30"."""
    pairs = (line.partition(": ") for line in evidence.split("\n"))
    return {slot.strip(): value.strip() for slot, found, value in pairs if found}


def _baselines(cases: Sequence[Case], lines: Sequence[Line], own: Sequence[int]) -> dict[str, Any]:
    pairs = [(str(lines[place]["text"]), " ".join(record(lines[place]["evidence"]).values())) for place in own]
    shares = [baselines.overlap(*pair) for pair in pairs]
    return {
        "always": baselines.always("grounded", cases),
        **_from_scores(cases, shares, baselines.closeness(pairs)),
    }


def _from_scores(cases: Sequence[Case], shares: Sequence[float], cosines: Sequence[float] | None) -> dict[str, Any]:
    return {
        "words": baselines.above_best(cases, shares, *_TWO),
        "TF-IDF": None if cosines is None else baselines.above_best(cases, cosines, *_TWO),
    }


def _by_slot(lines: Sequence[Line], said: Sequence[tuple[str, Sequence[str]]]) -> Table:
    """How often a slot that differs is named, and one that does not is."""
    rows = []
    slots = sorted({slot for line in lines for slot in line.get("values", ())})
    for slot in slots:
        own = [place for place, line in enumerate(lines) if slot in line.get("values", ())]
        counts = binary(
            [slot in lines[place].get("mismatch_slots", ()) for place in own],
            [slot in said[place][1] for place in own],
        )
        rows.append((slot, f"{counts.labelled:,}", short(counts.precision), short(counts.recall), short(counts.f1)))
    return Table("mismatches by slot", ("slot", "n", "precision", "recall", "F1"), tuple(rows))


def _of_record(line: Line) -> Case:
    dialogue = str(line["id"]).rsplit("/", 2)[0]
    wrong = ", ".join(line.get("mismatch_slots", ())) or "-"
    shown = f"> {line['text']}\n  differs in: {wrong}; says: {line.get('values')}\n  " + str(line["evidence"]).replace(
        "\n", " | "
    )
    return Case(dialogue, line["label"], line["text"], shown)


def _of_passage(line: Line) -> Case:
    shown = f"> {line['text']}\n  ({line.get('label_raw')}) {str(line['evidence'])[:1200]}"
    article = (line.get("meta") or {}).get("claim_title") or line["evidence"]
    return Case(str(article), line["label"], line["text"], shown)


def _pair(line: Line) -> str:
    return str(line["id"]).rpartition("/")[0]


def _corpus(line: Line) -> str:
    name = str(line["dataset"])
    return "BEGIN" if name.startswith("begin") else _PROSE.get(name, name)
