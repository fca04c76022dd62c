"""Whether the local reader can read a conversation: it reads English, and says so when the turns are not.

The check looks at the scripts and the commonest words of the whole conversation, never at a single short turn; it
does not name the other language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import re2

_ENGLISH = frozenset({"en", "eng", "english"})
_ENOUGH_WORDS = 15
_ENOUGH_LETTERS = 20
_SAMPLE = 4_000
_FOREIGN_SCRIPT = 0.4
_FOREIGN_WORDS = 0.14
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_LATIN = re2.compile(r"\p{Latin}")
_LETTER = re2.compile(r"\p{L}")

_COMMON_ENGLISH = """
a about all am an and any are as at be because been but by can could day did do does don't for from get give go good
had has have he hello help her here hi him his how i i'd i'll i'm i've if in is isn't it it's just know let like make
me more my need no not now of okay on one or our out please she so some sorry sure thank thanks that that's the their
them then there they this time to up us want was we we're well were what when where which who why will with would yes
you you're your yeah
"""
_COMMON_ELSEWHERE = """
que el los las una por para con está esta pero muy gracias quiero puedo tengo usted hola mi cómo como porque cuando
más también sí señor buenos días necesito favor
le les des une du et je vous nous pas pour dans sur avec est ce cette mais bonjour merci oui votre mon ma très c'est
j'ai que qui être peut
der das ist nicht und ich sie wir mit für auf ein eine einen zu von bitte danke ja nein haben habe kann wie aber auch
bei mein ihre guten
os não uma você obrigado obrigada olá eu meu minha com do da em muito sim isso preciso quero senhor bom
il che non di gli sono per ho una mio grazie buongiorno come posso questo della anche più vorrei
het een niet ik van dat met voor maar heb kunt mijn wij hebben goedemorgen dank graag naar
och att jag det som inte på är för tack hej vill kan ikke jeg og til du ett
nie się na jest że dzień dobry proszę dziękuję mam chcę czy tak jak dla
bir ve bu için değil evet hayır merhaba teşekkürler ben istiyorum nasıl çok
saya tidak yang dan untuk dengan ini itu anda terima kasih bisa apa
nu și este cu pentru vreau mulțumesc
"""


def reads(conversation_language: str, texts: Iterable[str]) -> tuple[bool, str]:
    """Whether the local reader reads a conversation declared as `conversation_language`, and if not, why.

    `texts` are the turns as spoken. Too few words to tell count as the declared language.
    """
    if conversation_language.replace("_", "-").split("-")[0].lower() not in _ENGLISH:
        return False, f"the local reader does not read {conversation_language!r}"
    if _looks_foreign(_sample(texts)):
        return False, f"declared as {conversation_language!r} but the turns look like another language"
    return True, ""


def _sample(texts: Iterable[str]) -> str:
    pieces: list[str] = []
    size = 0
    for text in texts:
        pieces.append(text[:_SAMPLE])
        size += len(text)
        if size >= _SAMPLE:
            break
    return " ".join(pieces).lower().replace("’", "'")


def _looks_foreign(text: str) -> bool:
    return _has_foreign_script(text) or _has_foreign_words(_WORD.findall(text))


def _has_foreign_script(text: str) -> bool:
    if text.isascii():
        return False
    strange = sum(map(str.isalpha, _NOT_ASCII.findall(text)))
    if strange < _FOREIGN_SCRIPT * (strange + len(_ASCII_LETTER.findall(text))):
        return False
    letters = len(_LETTER.findall(text))
    return letters >= _ENOUGH_LETTERS and 1 - len(_LATIN.findall(text)) / letters > _FOREIGN_SCRIPT


def _has_foreign_words(words: list[str]) -> bool:
    if len(words) < _ENOUGH_WORDS:
        return False
    english, elsewhere = _common_words()
    native = sum(word in english for word in words)
    foreign = sum(word in elsewhere for word in words)
    return foreign / len(words) > _FOREIGN_WORDS and foreign > 2 * native


@cache
def _common_words() -> tuple[frozenset[str], frozenset[str]]:
    english = frozenset(_COMMON_ENGLISH.split())
    return english, frozenset(_COMMON_ELSEWHERE.split()) - english
