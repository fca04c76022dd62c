"""Which conversations the local reader reads."""

from __future__ import annotations

import pytest

from evalh.reader.language import reads


@pytest.mark.parametrize("language", ["en", "en-US", "en_GB", "EN"])
def test_every_english_is_read(language: str) -> None:
    assert reads(language, ["my bill is wrong"]) == (True, "")


def test_another_declared_language_is_not_read_and_named() -> None:
    assert reads("es", ["hola"]) == (False, "the local reader does not read 'es'")


@pytest.mark.parametrize(
    "text",
    [
        "Hola, mi última factura está mal y quiero hablar con alguien por favor. Claro, déjeme revisar su cuenta",
        "Bonjour, je voudrais annuler mon abonnement. Bien sûr, je regarde votre dossier, vous avez un instant",
        "Guten Tag, meine Rechnung ist nicht richtig, können Sie mir bitte helfen? Ja, einen Moment, ich sehe nach",
        "Olá, eu quero cancelar minha assinatura. Sim, vou verificar sua conta, você pode confirmar o seu nome",
        "Здравствуйте, у меня не работает интернет со вчерашнего дня",
        "お客様の請求書に問題がありますのでご確認をお願いいたします",
    ],
)
def test_turns_in_another_language_are_told_from_the_declared_english(text: str) -> None:
    assert reads("en", text.split(". ")) == (False, "declared as 'en' but the turns look like another language")


@pytest.mark.parametrize(
    "text",
    [
        "sí gracias",
        "uh yeah it's um josé garcía on the corner of la brea and el segundo",
        "order W 4 4 7 1 size XL color azul",
        "the Peña Nieto room at Hotel Le Marais de Paris on the 4th for Jürgen Müller and Søren Ødegård please",
        "no no no no i'm i'm good no no",
        "FIBER-500 SKU 88213 ETF 120.00 MB GB 5G LTE eSIM IMEI 356938035643809 APN MMS SIM PUK PIN QoS VPN DNS",
    ],
)
def test_names_codes_and_short_turns_stay_english(text: str) -> None:
    assert reads("en", [text])[0]


def test_an_english_conversation_with_some_spanish_stays_english() -> None:
    turns = [
        "hola buenos días",
        "Hello, how can I help you with your account today?",
        "my bill is higher than last month",
    ]
    assert reads("en", turns)[0]


def test_a_conversation_without_words_is_read_as_declared() -> None:
    assert reads("en", []) == (True, "")
