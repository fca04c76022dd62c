"""Answers to questions of similarity: how close agent turns come to a text; topic and approved copy, never polarity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rapidfuzz import fuzz

from evalh.encoder import Encoder, Vectors
from evalh.models import Answered, Conversation, Question, Reading
from evalh.text.normalise import normalise


def answer_similar(
    conversations: Sequence[Conversation],
    readings: Sequence[Reading],
    questions: Sequence[Sequence[Question]],
    encoder: Encoder | None,
) -> list[dict[str, Answered]]:
    """For each conversation the answers to its questions of kind "similar", by digest; others stay unanswered.

    A value is the larger of the closeness of wording (rapidfuzz, 0 to 1) and, with an encoder, the cosine of the
    vectors (cut at 0).
    """
    asked = [[question for question in row if question.kind == "similar"] for row in questions]
    places = [
        [(question, _turns(conversation, reading, question)) for question in row]
        for conversation, reading, row in zip(conversations, readings, asked, strict=True)
    ]
    texts = _texts(places)
    vectors = dict(zip(texts, encoder.encode(texts), strict=True)) if encoder is not None and texts else {}
    return [{question.sha256: _answer(question, turns, vectors) for question, turns in row} for row in places]


def _turns(conversation: Conversation, reading: Reading, question: Question) -> list[tuple[int, str]]:
    if question.pitches_of is None:
        return [(turn.index, turn.heard) for turn in conversation.agent_turns()]
    pitching = {act.turn for act in reading.pitches() if act.offer == question.pitches_of}
    return [(turn.index, turn.heard) for turn in conversation.agent_turns() if turn.index in pitching]


def _texts(places: Sequence[Sequence[tuple[Question, list[tuple[int, str]]]]]) -> list[str]:
    found: dict[str, None] = {}
    for row in places:
        for question, turns in row:
            if turns:
                found[question.text] = None
                found.update(dict.fromkeys(text for _, text in turns))
    return list(found)


def _answer(question: Question, turns: list[tuple[int, str]], vectors: Mapping[str, Vectors]) -> Answered:
    values = {index: round(_closeness(question.text, text, vectors), 4) for index, text in turns}
    return Answered(values=values, confidence=0.8, source="model" if vectors else "rule")


def _closeness(wanted: str, text: str, vectors: Mapping[str, Vectors]) -> float:
    wording = fuzz.token_set_ratio(normalise(wanted).text, normalise(text).text) / 100
    if wanted not in vectors or text not in vectors:
        return wording
    return max(wording, float(max(0.0, np.dot(vectors[wanted], vectors[text]))))
