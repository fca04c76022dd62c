"""What is kept of a disagreement quotes a turn without the personal data in it."""

from evalh.agreement.labels import Recording
from evalh.agreement.match import Compared, quoted
from evalh.testing import make_conversation


def test_a_labelled_turn_is_quoted_without_personal_data() -> None:
    said = "my card is 4111 1111 1111 1111"
    held = make_conversation(f"C: {said}")
    place = Compared("reader", Recording("c", "v1", 0), "mood", "turn", 0, None, frozenset(), (), frozenset())
    evidence = quoted(place, held, None)
    assert evidence is not None
    assert (evidence.start, evidence.end, evidence.quote) == (0, len(said), "my card is <CARD_1>")
