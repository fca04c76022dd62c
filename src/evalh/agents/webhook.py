"""An HTTP address as the agent: it is posted the conversation so far and answers with the agent's next turn.

Both sides are published as schemas, `agent_request` and `agent_reply`. What it leaves to others: the connection, and
whether a turn is too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from evalh.agents.messages import messages
from evalh.agents.protocol import AgentFailed, AgentReply, Brief
from evalh.llm import CallFailed, Unreadable
from evalh.llm.post import Post
from evalh.models import AgentAnswer, AgentMessage, AgentRequest, Turn, WebhookAgent, digest
from evalh.text.untrusted import explain


class WebhookAgentRunner:
    """The address of a configuration."""

    def __init__(self, config: WebhookAgent) -> None:
        self.config = config
        self._post = Post(config)

    @property
    def id(self) -> str:
        """``webhook:HOST``."""
        return f"webhook:{self._post.id}"

    @property
    def sha256(self) -> str:
        """The digest of the address; what stands behind it is not known."""
        return digest(["webhook", AgentRequest.model_fields["schema_"].default, self.config.url])

    @property
    def concurrency(self) -> int:
        """As configured."""
        return self.config.concurrency

    def ready(self) -> None:
        """Raises UserError where the key is not set."""
        self._post.ready()

    def contact(self, brief: Brief) -> WebhookContact:
        """A contact with the address."""
        return WebhookContact(self._post, brief)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._post.aclose()


class WebhookContact:
    """One conversation; the address is told all of it each time."""

    def __init__(self, post: Post, brief: Brief) -> None:
        self._post = post
        self._brief = brief

    async def reply(self, turns: Sequence[Turn]) -> AgentReply:
        """The address's answer. Raises AgentFailed."""
        body = _request(self._brief, turns).model_dump(mode="json", by_alias=True)
        try:
            answer: AgentAnswer = await self._post.ask(body, _answer)
        except CallFailed as failed:
            raise AgentFailed(failed.failure) from None
        return AgentReply(text=answer.text.strip(), tool_calls=answer.tool_calls, ended=answer.ended)

    async def aclose(self) -> None:
        """Nothing is held."""


def _request(brief: Brief, turns: Sequence[Turn]) -> AgentRequest:
    return AgentRequest(
        conversation_id=brief.conversation_id,
        case=brief.case,
        trial=brief.trial,
        turn=turns[-1].index + 1 if turns else 0,
        seed=brief.seed,
        prompt_version=brief.prompt_version,
        system_prompt=brief.system_prompt,
        parameters=dict(brief.parameters),
        customer=dict(brief.customer) if brief.customer is not None else None,
        offers=tuple(dict(offer) for offer in brief.offers),
        tools=dict(brief.tools),
        channel=brief.channel,
        language=brief.language,
        date=brief.date,
        messages=tuple(AgentMessage(**message) for message in messages(turns)),
    )


def _answer(value: Any) -> AgentAnswer:
    """The answer that a JSON value is. Raises Unreadable."""
    try:
        answer = AgentAnswer.model_validate(value)
    except ValidationError as error:
        raise Unreadable("schema", f"not an agent_reply: {explain(error, model=AgentAnswer)}") from None
    if not answer.text.strip():
        raise Unreadable("empty", "the agent says nothing")
    return answer
