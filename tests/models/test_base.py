from evalh.testing import make_conversation, make_policy


def test_a_changed_copy_of_a_conversation_has_a_digest_of_its_own() -> None:
    conversation = make_conversation("C: hi\nA: hello")
    before = conversation.sha256
    copied = conversation.model_copy(update={"channel": "voice"})

    assert (copied.sha256 == before, copied.channel) == (False, "voice")
    assert conversation.sha256 == before


def test_a_changed_copy_of_a_policy_is_looked_up_by_its_own_offers() -> None:
    policy = make_policy().newest
    first = policy.offers[0]
    assert policy.offer(first.id) == first
    copied = policy.model_copy(update={"offers": policy.offers[1:]})

    assert copied.offer(first.id) is None
