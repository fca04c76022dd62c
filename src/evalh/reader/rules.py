"""Rules kept as readable data: YAML files of patterns with a label and a confidence, matched in one pass.

A rule file is::

    schema: evalh.rules/1
    construct: mood
    rules:
      - id: third_time
        label: frustrated
        confidence: 0.9
        any: ["(third|fourth|fifth) time (i|we)('ve| have)"]
        unless: ["..."]

`any` and `unless` are RE2 expressions over the normalised (lower-case) text, bounded by word boundaries; RE2 matches
in linear time whatever the text. `unless` silences the rule in the same sentence. `macros: {BUY: "add|get"}` at the
top makes `{BUY}` short for `(?:add|get)` in every pattern.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

import re2

from evalh.errors import InternalError
from evalh.models import digest

PATTERN_MEMORY = 1 << 20
"""Bytes of automaton a single pattern may keep; RE2 starts it afresh when they are used up."""
SET_MEMORY = 16 << 20
"""The same for patterns that are one automaton, at most."""
FEW = 100
"""Up to so many patterns are matched as one automaton."""
KEPT = 4_096
"""Windows of which a rule set remembers what it found: within a turn the same ones are asked for again and again."""
_Found = tuple[tuple["Rule", int, int], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it says, how sure it is, and what it looks for."""

    id: str
    label: str
    confidence: float
    any: tuple[str, ...]
    unless: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched characters `start` to `end` of the text."""

    rule: Rule
    start: int
    end: int

    @property
    def label(self) -> str:
        """The rule's label."""
        return self.rule.label


def _options(max_mem: int = PATTERN_MEMORY) -> Any:
    options = re2.Options()
    options.case_sensitive = True
    options.log_errors = False
    options.never_capture = True
    options.max_mem = max_mem
    return options


def _set_options(patterns: int) -> Any:
    return _options(min(SET_MEMORY, (1 + patterns) * PATTERN_MEMORY))


def bounded(pattern: str) -> str:
    """`pattern` as a group that starts and ends at a word boundary, where it starts or ends with a word."""
    head = r"\b" if pattern[:1].isalnum() or pattern[:1] in "([" else ""
    opens_or_ends = pattern.endswith((r"\?", "$", "$)", "*", r"\W)", r"\b"))
    tail = r"\b" if not opens_or_ends and (pattern[-1:].isalnum() or pattern[-1:] in ")]?}") else ""
    return f"{head}(?:{pattern}){tail}"


class _Patterns:
    """Patterns that are tried together.

    A few are one automaton. That of many would have too many states to keep, and making states is slow: there RE2
    looks for the words that patterns need, and tries those whose words are there.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [bounded(text) for text in texts]
        self._few = len(texts) <= FEW
        self._all: Any = re2.Set.SearchSet(_set_options(len(texts))) if self._few else re2.Filter()
        self._compiled: dict[int, Any] = {}
        for text in self._texts:
            if self._few:
                self._all.Add(text)
            else:
                self._all.Add(text, _options())
        if self._texts:
            self._all.Compile()

    def found(self, text: str) -> Sequence[int]:
        """The positions of the patterns that match somewhere in `text`, in any order."""
        return (self._all.Match(text) or ()) if self._texts else ()

    def place(self, position: int, text: str) -> tuple[int, int] | None:
        """Where the pattern at `position` first matches."""
        pattern = self._compiled.get(position)
        if pattern is None:
            made = re2.compile(self._texts[position], _options()) if self._few else self._all.re(position)
            pattern = self._compiled[position] = made
        match = pattern.search(text)
        return match.span() if match else None


class RuleSet:
    """The rules of one construct, tried together."""

    def __init__(self, construct: str, rules: tuple[Rule, ...]) -> None:
        self.construct = construct
        self.rules = rules
        self._rule_of = [rule for rule in rules for _ in rule.any]
        self._patterns = _Patterns([text for rule in rules for text in rule.any])
        self._silencers: dict[str, _Patterns] = {}
        self._found = lru_cache(maxsize=KEPT)(self._find)

    @cached_property
    def sha256(self) -> str:
        """The digest of the rules; part of the reader's identity."""
        return digest([[rule.id, rule.label, rule.confidence, rule.any, rule.unless] for rule in self.rules])

    def hits(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Hit]:
        """Each pattern that matches `text[start:end]`, in the order of the rules; the first match of each."""
        for rule, first, last in self._found(text[start:end]):
            yield Hit(rule, start + first, start + last)

    def read_ahead(self, windows: Collection[str]) -> None:
        """Look at windows that will be asked for soon.

        It finds nothing else than `hits`; but one set after the other works two or three times as fast as all sets
        in turn, each of which drives the others out of the processor's caches. More windows than are remembered are
        left until they are asked for.
        """
        if len(windows) <= KEPT // 2:
            for window in windows:
                self._found(window)

    def _find(self, window: str) -> _Found:
        found: list[tuple[Rule, int, int]] = []
        for position in sorted(self._patterns.found(window)):
            rule = self._rule_of[position]
            place = None if self._is_silenced(rule, window) else self._patterns.place(position, window)
            if place is not None:
                found.append((rule, *place))
        return tuple(found)

    def _is_silenced(self, rule: Rule, window: str) -> bool:
        if not rule.unless:
            return False
        if rule.id not in self._silencers:
            self._silencers[rule.id] = _Patterns(rule.unless)
        return bool(self._silencers[rule.id].found(window))

    def best(self, text: str, start: int = 0, end: int | None = None) -> Hit | None:
        """The hit of the highest confidence; the first of equals."""
        return max(self.hits(text, start, end), key=lambda hit: hit.rule.confidence, default=None)


@cache
def load_rules(name: str) -> RuleSet:
    """The rule file `lexicons/<name>.yaml` of the package."""
    from ruamel.yaml import YAML

    text = files("evalh.reader").joinpath("lexicons", f"{name}.yaml").read_text("utf-8")
    data = YAML(typ="safe", pure=True).load(text)
    if data.get("schema") != "evalh.rules/1":
        raise InternalError(f"lexicons/{name}.yaml has no schema evalh.rules/1")
    macros = {"{" + key + "}": f"(?:{value})" for key, value in data.get("macros", {}).items()}
    return RuleSet(data["construct"], tuple(_rule(_expanded(item, macros)) for item in data["rules"]))


def _expanded(item: dict[str, Any], macros: dict[str, str]) -> dict[str, Any]:
    return {
        **item,
        **{key: [_expand(text, macros) for text in item[key]] for key in ("any", "unless") if key in item},
    }


def _expand(text: str, macros: dict[str, str]) -> str:
    for name, pattern in macros.items():
        text = text.replace(name, pattern)
    return text


def _rule(item: dict[str, Any]) -> Rule:
    return Rule(
        id=item["id"],
        label=item["label"],
        confidence=float(item.get("confidence", 0.8)),
        any=tuple(item["any"]),
        unless=tuple(item.get("unless", ())),
        reason=item.get("reason", ""),
    )
