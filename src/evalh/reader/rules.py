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

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import re2

from evalh.errors import InternalError
from evalh.models import digest

PATTERN_MEMORY = 1 << 20
"""Bytes of automaton a single pattern may keep; RE2 starts it afresh when they are used up."""
SET_MEMORY = 16 << 20


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
    options.max_mem = max_mem
    return options


def bounded(pattern: str) -> str:
    """`pattern` as a group that starts and ends at a word boundary, where it starts or ends with a word."""
    head = r"\b" if pattern[:1].isalnum() or pattern[:1] in "([" else ""
    opens_or_ends = pattern.endswith((r"\?", "$", "$)", "*", r"\W)", r"\b"))
    tail = r"\b" if not opens_or_ends and (pattern[-1:].isalnum() or pattern[-1:] in ")]?}") else ""
    return f"{head}(?:{pattern}){tail}"


class RuleSet:
    """The rules of one construct, tried together."""

    def __init__(self, construct: str, rules: tuple[Rule, ...]) -> None:
        self.construct = construct
        self.rules = rules
        self._patterns = [(rule, re2.compile(bounded(text), _options())) for rule in rules for text in rule.any]
        self._set = re2.Set.SearchSet(_options(SET_MEMORY))
        for rule in rules:
            for text in rule.any:
                self._set.Add(bounded(text))
        if self._patterns:
            self._set.Compile()

    @cached_property
    def _unless(self) -> dict[str, list[Any]]:
        return {rule.id: [re2.compile(bounded(text), _options()) for text in rule.unless] for rule in self.rules}

    @cached_property
    def sha256(self) -> str:
        """The digest of the rules; part of the reader's identity."""
        return digest([[rule.id, rule.label, rule.confidence, rule.any, rule.unless] for rule in self.rules])

    def hits(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Hit]:
        """Each pattern that matches `text[start:end]`, in the order of the rules; the first match of each."""
        window = text[start:end]
        if not self._patterns or not window:
            return
        for index in sorted(self._set.Match(window) or ()):
            rule, pattern = self._patterns[index]
            if any(stop.search(window) for stop in self._unless[rule.id]):
                continue
            match = pattern.search(window)
            if match:
                yield Hit(rule, start + match.start(), start + match.end())

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
