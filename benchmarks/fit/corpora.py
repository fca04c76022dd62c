"""What the turn model is fitted on: the project's own labelled conversations, and, where they are given, public ones.

A label is the set of labels that may be right: of public corpora often only part of ours is known ("neither yes nor
no"). Public corpora are given as a folder (see benchmarks/README.md); the fit works without them, and says so.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.held_out import held_out
from benchmarks.validity import corpus

from evalh.encoder.turns import Speaker
from evalh.reader.heads import KINDS, LABELS, NONE, PRESSES
from evalh.text.normalise import normalise

OWN = Path(__file__).parents[2] / "data" / "turns"
_ASKS = re.compile(
    r"\?|shall i|would you|want me to|let me know if|how about|what about|are you (?:up|interested|willing)"
    r"|could i|can i",
    re.IGNORECASE,
)
NAMES = ("Silver Plan", "Home Cover", "Family Bundle", "Plus Upgrade", "Weekend Pass", "Priority Support")
"""What the offers are called that are made up for corpora without any."""
_QUESTIONS = (
    "Would you like to go ahead with that?", "Shall I add the {} for you?", "Do you want me to set that up?",
    "Would you be interested in the {}?", "Can I put that on your account?", "Should I book it?",
    "Would you like to add the {} to your order?", "Shall we go ahead?", "Is the {} something you'd like?",
    "Do you want to take the {}?", "Would you like to go ahead with the plan?", "May I add the extra cover for you?",
    "We also have the {}. Would you like it?", "You could have the {} with that. Are you interested?",
)  # fmt: skip
"""What a reply of a corpus without agent turns is taken to answer."""
_PERSUADES = frozenset(
    {"logical-appeal", "credibility-appeal", "emotion-appeal", "foot-in-the-door", "personal-story", "self-modeling",
     "donation-information"}
)  # fmt: skip
_GIVES = frozenset({"agree-donation", "provide-donation-amount", "confirm-donation"})
_ONLY_HEARD = re.compile(r"(?i)^\W*(?:(?:ok(?:ay)?|okk?|sure|yes|yeah|yep|fine|alright|no|nope)\W*)+$")
"""What is an answer or none by the question alone, which the corpus does not tell."""


@dataclass
class Example:
    """A turn: who says what, the labels that may be right by head, and what is known of the yes-or-no heads."""

    speaker: Speaker
    text: str
    labels: dict[str, frozenset[str]] = field(default_factory=dict)
    binary: dict[str, bool] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)


@dataclass
class Talk:
    """A conversation or a part of one; `weight` is what its turns count."""

    source: str
    domain: str
    turns: list[Example]
    weight: float = 1.0
    id: str = ""
    line: dict[str, Any] = field(default_factory=dict)
    annoyed: bool | None = None
    """Whether some customer turn is frustrated; None where that is not known."""


def own(folder: Path = OWN / "train") -> list[Talk]:
    """The project's own conversations."""
    found: list[Talk] = []
    for path in sorted(folder.glob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            turns = [_own_turn(turn) for turn in line["turns"]]
            found.append(Talk(path.stem, line["domain"], turns, id=line["id"], line=line))
    return found


def _own_turn(turn: dict[str, Any]) -> Example:
    customer = turn["role"] == "customer"
    heads = ("reply", "mood", "word") if customer else ("act", "register", "issue")
    labels = {head: frozenset({turn[head] or NONE}) for head in heads}
    binary: dict[str, bool] = {}
    if not customer:
        binary = {kind: kind in turn["press"] for kind in KINDS} | {PRESSES: bool(turn["press"])}
        binary["impolite"] = turn["impolite"]
        binary["asks"] = turn["act"] == "pitch" and bool(_ASKS.search(turn["text"]))
    return Example(turn["role"], normalise(turn["text"]).text, labels, binary)


def public(folder: Path, rng: random.Random, *, replies: int = 7_000) -> list[Talk]:
    """What the folder has of P4G, MultiDoGO, NLU++, SGD, STAR and shop texts, training and development parts only."""
    rest = [*multidogo(folder, rng, replies), *nlupp(folder, rng), *sgd(folder, rng), *shop_texts(folder)]
    return [*p4g(folder), *star(folder, rng), *rest]


def p4g(folder: Path) -> list[Talk]:
    """Human persuasion dialogues (Wang et al. 2019): asks, refusals, agreement."""
    found: list[Talk] = []
    for line in _lines(folder, "p4g"):
        refused, asks = set(line["labels"]["refusal_turns"]), set(line["labels"]["ask_turns"])
        turns = []
        for turn in line["turns"]:
            acts, index = frozenset(turn["acts"]), turn["i"]
            example = Example("customer" if turn["role"] == "customer" else "agent", normalise(turn["text"]).text)
            if example.speaker == "customer":
                example.labels["reply"] = _reply(acts, refused=index in refused)
            else:
                _ask(example, acts, asked=index in asks)
            turns.append(example)
        found.append(Talk("p4g", "charity", turns, 1.0, line["id"], line))
    return found


def _reply(acts: frozenset[str], *, refused: bool) -> frozenset[str]:
    if refused:
        return frozenset({"refuse", "defer", "deflect"})
    if acts & _GIVES:
        return frozenset({"accept"})
    if "neutral-reaction-to-donation" in acts:
        return frozenset({"defer", "object", "ask", "ignore", NONE})
    return frozenset(LABELS["reply"]) - {"refuse", "defer", "deflect"}


def _ask(example: Example, acts: frozenset[str], *, asked: bool) -> None:
    example.binary["asks"] = asked
    if asked:
        example.labels["act"] = frozenset({"pitch"})
    elif not acts & _PERSUADES:
        example.labels["act"] = frozenset(LABELS["act"]) - {"pitch"}


def multidogo(folder: Path, rng: random.Random, count: int, split: str = "train") -> list[Talk]:
    """Customer turns that accept, refuse or do neither (Peskov et al. 2019), as answers to a question."""
    by_label: dict[str, dict[str, dict[str, Any]]] = {"accept": {}, "refuse": {}, "other": {}}
    for line in _lines(folder, "multidogo"):
        heard = line["label"] == "other" and _ONLY_HEARD.match(line["text"])
        if line.get("split") == split and not heard:
            by_label[line["label"]].setdefault(line["text"].lower(), line)
    found: list[Talk] = []
    for label, share in (("accept", 0.28), ("refuse", 0.22), ("other", 0.5)):
        held = list(by_label[label].values())
        rng.shuffle(held)
        found += [_answer("multidogo", line, rng) for line in held[: int(count * share)]]
    return found


def nlupp(folder: Path, rng: random.Random) -> list[Talk]:
    """Caller turns that affirm, deny or do neither (Casanueva et al. 2022)."""
    return [_answer("nlupp", line, rng) for line in _lines(folder, "nlupp")]


def sgd(folder: Path, rng: random.Random, count: int = 2_500) -> list[Talk]:
    """Customer turns that accept or refuse the next step, after the agent's question (Rastogi et al. 2020).

    Half of the questions go on to ask whether to do it, as agents of other corpora do.
    """
    held = list(_lines(folder, "sgd_reply"))
    rng.shuffle(held)
    found: list[Talk] = []
    for line in held[:count]:
        said = {"accept"} if line["label"] == "accept" else {"refuse", "defer", "deflect"}
        asked = " ".join([line["context"], _question(rng)] if rng.random() < 0.5 else [line["context"]])
        found.append(_pair("sgd", "assistant", asked, frozenset(said), line))
    return found


def _question(rng: random.Random) -> str:
    return rng.choice(_QUESTIONS).format(rng.choice(NAMES))


def _answer(source: str, line: dict[str, Any], rng: random.Random) -> Talk:
    rest = frozenset(LABELS["reply"]) - {"accept", "refuse"}
    said = frozenset({line["label"]}) if line["label"] != "other" else rest
    return _pair(source, line["domain"], _question(rng), said, line)


def _pair(source: str, domain: str, asked: str, said: frozenset[str], line: dict[str, Any]) -> Talk:
    """A question and the answer to it, of which the reply is known."""
    turns = [
        Example("agent", normalise(asked).text),
        Example("customer", normalise(line["text"]).text, {"reply": said}),
    ]
    return Talk(source, domain, turns, 0.25, line["id"], line)


def star(folder: Path, rng: random.Random, calm: int = 250) -> list[Talk]:
    """Service dialogues whose customers said whether they were annoyed (Mosig et al. 2020); of the calm ones some."""
    lines = [line for line in _lines(folder, "star") if line["labels"].get("user_annoyed") is not None]
    rng.shuffle(lines)
    annoyed = [line for line in lines if line["labels"]["user_annoyed"]]
    found: list[Talk] = []
    for line in [*annoyed, *[line for line in lines if not line["labels"]["user_annoyed"]][:calm]]:
        turns = [
            Example("customer" if turn["role"] == "customer" else "agent", normalise(turn["text"]).text)
            for turn in line["turns"]
            if turn["role"] in ("customer", "agent") and turn["text"].strip()
        ]
        told = bool(line["labels"]["user_annoyed"])
        found.append(Talk("star", line["domain"], turns[:24], 1.0, line["id"], line, told))
    return found


def shop_texts(folder: Path) -> list[Talk]:
    """Texts of web shops (Mathur et al. 2019), of which some press."""
    kinds = {"Urgency": "false_urgency", "Scarcity": "scarcity", "Social Proof": "social_proof"}
    found: list[Talk] = []
    for line in _lines(folder, "darkpattern"):
        if line["category"] == "Not Dark Pattern" or line["category"] in kinds:
            binary = {kind: kinds.get(line["category"]) == kind for kind in kinds.values()}
            binary[PRESSES] = any(binary.values())
            example = Example("agent", normalise(line["text"]).text, {}, binary)
            found.append(Talk("shop", "shop", [example], 0.25, line["id"], line))
    return found


def _lines(folder: Path, stem: str) -> Iterator[dict[str, Any]]:
    """The lines of a corpus that may be fitted on."""
    yield from (line for line in lines_of(folder, stem) if not held_out(line))


def lines_of(folder: Path, stem: str) -> Iterator[dict[str, Any]]:
    """All lines of a corpus. Raises BadInput for one that cannot be read."""
    for path in sorted(folder.glob(f"{stem}_*.jsonl.gz")):
        yield from (dict(line) for line in corpus.lines_of(path, ("id",)))


def texts(talks: Iterable[Talk]) -> Iterator[Example]:
    """The turns of all of them, in order."""
    for talk in talks:
        yield from talk.turns
