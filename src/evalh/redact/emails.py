"""E-mail addresses in a text: written, "jane (at) example (dot) com", and spoken, "jane dot doe at example dot com".

A website is spoken in much the same way ("look at example dot com"): a spoken address needs a name with a dot, an
underscore or spelled letters, a well-known provider, or a word about e-mail nearby.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from evalh.redact.found import Found
from evalh.redact.numerals import WORDS

_DOT = r"(?:\.|\s+(?:dot|period)\s+|\s?[\[({<]\s?(?:dot|\.)\s?[\])}>]\s?)"
_TOP = (
    r"(?:com|net|org|edu|gov|info|biz|co|io|ai|app|dev|me|tv|us|uk|de|fr|es|it|nl|eu|ca|au|in|ie|nz|ch|at|be|se|no|dk"
    r"|fi|pl|pt|br|mx|jp|mail|email|online|example|test|invalid)"
)
_AT = (
    r"(?:\s?[\[({<]\s?(?:at|@)\s?[\])}>]\s?|\s*@\s*"
    r"|[\s,]+(?:(?:that's|it's|(?:all\s+)?lower\s?case)[\s,]+)?at(?:\s+(?:sign|symbol))?[\s,]+)"
)
MAYBE = r"@|%40|&#64;|\bat\b[^@]{1,90}(?:\bdot\b|\bperiod\b|[a-z0-9]\.[a-z])"
"""An RE2 pattern that is found in every text with an address."""
_WRITTEN = re2.compile(
    r"(?:[a-z0-9~_](?:[a-z0-9~._%+'&/=!#^|-]{0,253})|\"[a-z0-9~._+-]{1,64}\")(?:@|%40|&#64;)(?:[a-z0-9](?:[a-z0-9_-]{0,62})\.)+[a-z][a-z0-9-]{1,30}"
)
_ENCODED = re2.compile("%40|&#64;")
_HOST = re2.compile(
    rf"{_AT}((?:[a-z0-9-]+\s){{0,2}}?[a-z0-9-]+(?:{_DOT}[a-z0-9-]+){{0,3}}?{_DOT}{_TOP}(?:{_DOT}{_TOP})?)\b"
)
_SIGN = re2.compile(r"[@(\[{<]")
_HOST_SPLIT = re2.compile(_DOT)
_PROVIDER = re2.compile(
    r"^(?:g\s?mail|googlemail|yahoo|y mail|ymail|hot\s?mail|out\s?look|live|msn|i\s?cloud|aol|proton(?:\s?mail)?|gmx"
    r"|web|comcast|verizon|btinternet|sky|mail|fastmail|zoho)\b"
)
_ABOUT = re2.compile(
    r"\be-?\s?mail(?:s|ed|ing)?\b|\baddress(?:es)?\b|\binbox\b|\bcontact\b|\b(?:send|sent|forward\w*|cc)\b[^.?!@]{0,40}\bto\b"
)
_JOINS = {
    "dot": ".",
    "period": ".",
    "point": ".",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "minus": "-",
    "plus": "+",
}
_NAME = re.compile(r"[a-z0-9_+'~-][a-z0-9_+'.~-]*")
_NO_NAMES = (
    "is it it's its to my our your the a an and or be use on via that's thats that this under from by with as yes yeah"
    " sure ok okay so um uh er email mail e-mail address at me us you him her them send sent reach write look online"
    " available go shop visit store website site page web order book sign log in up out now here more find see check"
    " people through for of was no not just get got buy read everything anything something"
)
_STOP = frozenset(_NO_NAMES.split())
"""No names; a name begins after such a word."""
_MOST = 4
"""How many words a spoken name has at most where no joint stands between them."""
_REACH = 90


def emails_in(text: str, before: str = "") -> Iterator[Found]:
    """The addresses of a plain text; `before` is that of the turn before."""
    for match in _WRITTEN.finditer(text):
        yield Found("EMAIL", match.start(), match.end(), _ENCODED.sub("@", match.group()).replace('"', ""))
    about = bool(_ABOUT.search(text) or _ABOUT.search(before))
    done = 0
    for match in _HOST.finditer(text):
        host = match.group(1)
        sign = bool(_SIGN.search(text[match.start() : match.start(1)]))
        sure = sign or about or bool(_PROVIDER.search(host))
        name = _Name(text, max(done, match.start() - _REACH), match.start(), 1 if sign or not sure else _MOST)
        if name.words and (sure or name.joined):
            done = match.end()
            value = f"{name.written}@{'.'.join(part.replace(' ', '') for part in _HOST_SPLIT.split(host))}"
            yield Found("EMAIL", name.start, done, value)


class _Name:
    """The part before the "at", read backwards, word by word; without words where there is none.

    `most`: how many words it may have that are neither joined by a "dot" nor spelled.
    """

    def __init__(self, text: str, start: int, end: int, most: int) -> None:
        self.text, self.start = text, end
        self.words: list[str] = []
        self.joined = False
        self._before = list(_NAME.finditer(text, start, end))
        self._plain = 0
        first = self._next()
        if not self._touches() or first in _STOP:
            return
        self.joined = any(mark in first for mark in "._+-~") or any(char.isdigit() for char in first)
        self._take()
        while self._touches() and self._is_more(most):
            pass

    @property
    def written(self) -> str:
        """The name in one form."""
        return "".join(_JOINS.get(word, WORDS.get(word, word)) for word in reversed(self.words))

    def _next(self) -> str:
        return self._before[-1].group() if self._before else ""

    def _touches(self) -> bool:
        """Whether nothing but spaces and commas stands between the next word and what was taken."""
        return bool(self._before) and not self.text[self._before[-1].end() : self.start].strip(" ,\n\t")

    def _take(self) -> None:
        match = self._before.pop()
        self.start = match.start()
        self.words.append(match.group())

    def _is_more(self, most: int) -> bool:
        """Take what belongs to the name before what was taken, if anything does."""
        word = self._next()
        if word in _JOINS:
            if len(self._before) < 2 or self._before[-2].group() in _JOINS:
                return False
            self._take()
            self._take()
            self.joined = True
            return True
        if _is_single(word) and _is_single(self.words[-1]):
            self._take()
            self.joined = True
            return True
        comma = "," in self.text[self._before[-1].end() : self.start]
        if comma or word in _STOP or word.endswith(".") or self._plain + 1 >= most:
            return False
        self._plain += 1
        self._take()
        return True


def _is_single(word: str) -> bool:
    """Whether it is a letter or a number said by itself."""
    return len(word) == 1 or word in WORDS or (word.isdigit() and len(word) <= 4)
