"""Customers that a model plays: their agenda decides what is done and the model how it is said, or the model both.

What the agent says reaches the model as quoted text only. Which replies are kept is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol

from evalh.agents.protocol import Brief
from evalh.llm import Answer, Budget, Endpoint, Request
from evalh.llm.calls import Attempt
from evalh.models import Lexicon, ModelCustomer, PolicySet, Reading, Turn, digest
from evalh.simulator import model_prompt as prompts
from evalh.simulator.decide import Mind
from evalh.simulator.lines import Line
from evalh.simulator.protocol import Customer, Said, Trial
from evalh.simulator.scripted import customer_seed, moves_of, policy_on, source_sha256
from evalh.simulator.seeds import dealt

_DEPENDS_ON = ("model", "base_url", "extra_body", "temperature", "seed", "max_tokens", "output", "decides")

Asked = tuple[Request, Callable[[str], Any]]


class Asks(Protocol):
    """What is asked for the customer's words (evalh.llm.client.Endpoint)."""

    def ready(self) -> None:
        """Raises UserError where it cannot be asked: its key is not set."""

    async def ask(self, make: Attempt) -> Answer[Any]:
        """A reply that could be read. Raises CallFailed and Stopped."""

    async def aclose(self) -> None:
        """Let go of its connections."""


class ModelCustomers:
    """Makes customers whose words come from a model. Nothing is opened before the first word that is not recorded.

    Args:
        config: The model, and whether it decides as well.
        lexicon: Of the policy.
        policies: What the offers are that customers hear of.
        budget: The limits of the run.
        as_of: The day of cases without a date.
        endpoint: Asked instead of the endpoint of `config`.

    """

    def __init__(
        self,
        config: ModelCustomer,
        lexicon: Lexicon,
        policies: PolicySet,
        budget: Budget | None = None,
        as_of: date | None = None,
        *,
        endpoint: Asks | None = None,
    ) -> None:
        self.config = config
        self._lexicon = lexicon
        self._policies = policies
        self._as_of = as_of
        self._endpoint: Asks = endpoint or Endpoint(config, budget=budget)

    @property
    def sha256(self) -> str:
        """The digest of model, address, parameters and prompts, and of the agenda's code where that decides."""
        decided = source_sha256() if self.config.decides == "words" else ""
        asked = self.config.model_dump(mode="json", include=set(_DEPENDS_ON))
        return digest([asked, prompts.instructions_sha256(), decided])

    def customer(self, trial: Trial, attempt: int, brief: Brief) -> Customer:
        """The customer of a trial; another attempt is another seed."""
        seed = customer_seed(trial, attempt)
        system = prompts.standing(trial, brief, decides=self.config.decides == "both")
        if self.config.decides == "both":
            return DecidingCustomer(self._endpoint, system, [str(offer["id"]) for offer in brief.offers], seed)
        policy = policy_on(self._policies, brief.date, self._as_of)
        mind = Mind(trial.persona, trial.case, self._lexicon, policy, seed)
        return SpeakingCustomer(self._endpoint, system, mind, seed)

    def ready(self) -> None:
        """Raises UserError where the model cannot be asked: its key is not set."""
        self._endpoint.ready()

    async def aclose(self) -> None:
        """Let go of the endpoint."""
        await self._endpoint.aclose()


class SpeakingCustomer:
    """The agenda decides; the model finds the words."""

    def __init__(self, endpoint: Asks, system: str, mind: Mind, seed: int) -> None:
        self._endpoint = endpoint
        self._system = system
        self._mind = mind
        self._seed = seed

    async def say(self, turns: Sequence[Turn], reading: Reading, kept: Said | None = None) -> Said:
        """The next turn. The agenda goes on also where the words are known."""
        decision = self._mind.next(turns, reading)
        if kept is not None:
            return kept
        answer = await self._endpoint.ask(lambda attempt: self._request(turns, decision.lines, attempt))
        return _said(Said(answer.value, moves_of(decision, len(turns)), decision.ended), answer)

    def _request(self, turns: Sequence[Turn], lines: Sequence[Line], attempt: int) -> Asked:
        seed = dealt(self._seed, "words", len(turns), attempt)
        return prompts.phrase(self._system, turns, lines, self._mind.persona, seed)


class DecidingCustomer:
    """The model decides and speaks."""

    def __init__(self, endpoint: Asks, system: str, offers: Sequence[str], seed: int) -> None:
        self._endpoint = endpoint
        self._system = system
        self._offers = offers
        self._seed = seed

    async def say(self, turns: Sequence[Turn], reading: Reading, kept: Said | None = None) -> Said:  # noqa: ARG002 - of the protocol
        """The next turn."""
        if kept is not None:
            return kept
        answer = await self._endpoint.ask(lambda attempt: self._request(turns, attempt))
        return _said(answer.value, answer)

    def _request(self, turns: Sequence[Turn], attempt: int) -> Asked:
        seed = dealt(self._seed, "acts", len(turns), attempt)
        return prompts.act(self._system, turns, self._offers, len(turns), seed)


def _said(said: Said, answer: Answer[Any]) -> Said:
    """With what it took."""
    return Said(
        said.text,
        said.moves,
        said.ended,
        calls=answer.attempts,
        input_tokens=answer.input_tokens,
        cached_tokens=answer.cached_tokens,
        output_tokens=answer.output_tokens,
    )
