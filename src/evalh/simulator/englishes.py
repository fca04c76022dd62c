"""Englishes, as touches on a plain American phrase: spellings always, a word or a construction now and then.

A touch changes how a thing is said and never what; there is none for a word that denies.
"""

from __future__ import annotations

import re

from evalh.simulator.words import row

Rule = tuple[re.Pattern[str], str]
"""What is looked for, in small or capital letters, and what is said for it."""


def rules(*pairs: tuple[str, str]) -> tuple[Rule, ...]:
    """Rules of whole words."""
    return tuple((re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), to) for pattern, to in pairs)


FULL_FORMS = rules(
    (r"(it|that|he|she|there)'s (been|got|gone)", r"\1 has \2"),
    (r"(it|that|he|she|there|what|where|how|who)'s", r"\1 is"),
    ("I'm", "I am"),
    (r"(I|you|we|they|it|that)'ll", r"\1 will"),
    (r"(I|you|we|they)'ve", r"\1 have"),
    (r"(I|you|we|they|he|she)'d(?! better)", r"\1 would"),
    (r"(you|we|they)'re", r"\1 are"),
)
"""Without the short forms of speech; those of "not" are left to `in_full`."""
_BRITISH = rules(
    ("color", "colour"),
    (r"favor(ite)?", r"favour\1"),
    (r"neighbor(s?)", r"neighbour\1"),
    ("center", "centre"),
    ("behavior", "behaviour"),
    (r"travel(ed|ing)", r"travell\1"),
    (r"(apolog|organ|real|recogn)iz(e|ed|es|ing)", r"\1is\2"),
    (r"cancel(ed|ing)", r"cancell\1"),
    ("gotten", "got"),
    ("cell ?phone", "mobile"),
    ("vacation", "holiday"),
    ("mom", "mum"),
)
TOUCHES: dict[str, tuple[tuple[float, tuple[Rule, ...]], ...]] = {
    "en-GB": (
        (1.0, _BRITISH),
        (0.4, rules(("I guess", "I suppose"), ("awesome", "brilliant"), ("thanks a lot", "thanks ever so much"))),
        (0.5, rules((r"(all|completely) (?:fixed|settled|taken care of)", r"\1 sorted"))),
    ),
    "en-IE": (
        (1.0, _BRITISH),
        (0.4, rules(("I guess", "I suppose"), ("awesome", "grand"), ("thanks a lot", "thanks a million"))),
    ),
    "en-AU": (
        (1.0, _BRITISH),
        (0.4, rules(("I guess", "I reckon"), ("awesome", "beauty"), ("thanks a lot", "thanks heaps"))),
    ),
    "en-IN": (
        (1.0, _BRITISH),
        (0.4, rules((r"please (tell|send|check|explain|confirm|give|let|close|leave)", r"kindly \1"))),
        (0.3, rules(("today", "today itself"), (r"I have a (doubt|question|problem)", r"I am having a \1"))),
    ),
    "en-NG": (
        (1.0, _BRITISH),
        (0.3, rules(("right away", "now now"), ("thank you very much", "thank you, well done"))),
    ),
    "en-x-es": (
        (
            0.35,
            rules(
                (r"on (the|my) (bill|account|phone|internet)", r"in \1 \2"),
                (r"explain (it|that) to me", r"explain me \1"),
                ("depends on", "depends of"),
                ("how much does it cost", "how much it costs"),
                (r"what does it (mean|do|cover|include|cost)", r"what it \1"),
                (r"it is (very|too|so)", r"is \1"),
            ),
        ),
    ),
    "en-x-zh": (
        (
            0.35,
            rules(
                ("how much does it cost", "how much it cost"),
                (r"what does it (mean|do|cover|include|cost)", r"what it \1"),
                (r"is there (a|any)", r"there is \1"),
            ),
        ),
    ),
    "en-x-de": ((0.4, rules((r"for (two|three|many|some) years", r"since \1 years"), ("until", "till"))),),
}
"""By variety: how often a place that fits is touched, and how."""
ARTICLES_LEFT_OUT = {"en-x-zh": 0.4, "en-x-pl": 0.4, "en-x-ru": 0.4, "en-x-uk": 0.4, "en-x-ko": 0.4, "en-x-ja": 0.4}
"""By variety: how often an article is left out."""
SET_PHRASES = frozenset(row("lot bit few little minute moment second couple same"))
"""Words that keep their article: "a lot"."""
_NT = re.compile(r"\b(do|does|did|is|are|was|were|have|has|had|would|could|should|wo|ca)n't", re.IGNORECASE)
_FULL = {"wo": "will not", "ca": "cannot"}


def in_full(denial: str) -> str:
    """ "don't" as "do not", "can't" as "cannot"; any other word as it is."""
    return _NT.sub(lambda match: _as_cased(match[1], _FULL.get(match[1].lower(), f"{match[1]} not")), denial)


def _as_cased(like: str, text: str) -> str:
    return text[:1].upper() + text[1:] if like[:1].isupper() else text
