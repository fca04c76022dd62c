"""The customer's mind: an agenda-based state machine that decides, turn by turn, what the customer does.

The same persona, case and seed decide alike against the same turns of an agent; what is drawn by chance (facts, the
items of the agenda, how an offer is called) follows from the seed alone and is the same against every prompt version.
Words are left to others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from evalh.models import Case, Lexicon, Matter, OfferPolicy, Persona, Reading, Turn
from evalh.models.persona import AgendaItem, MoodEvent, SpeechStyle
from evalh.models.simulated import CustomerAct
from evalh.models.vocabulary import Intent
from evalh.simulator.answers import TURNED_DOWN, Answer, Answers, Scene
from evalh.simulator.facts import Facts
from evalh.simulator.heard import SLOTS, Heard, hear
from evalh.simulator.lines import Line
from evalh.simulator.mood import moved
from evalh.simulator.patience import Patience
from evalh.simulator.seeds import chance

PACE: dict[SpeechStyle, int] = {"terse": 1, "brisk": 1, "simple": 1, "chatty": 3, "rambling": 3}
"""How many things are said in a turn, beside an answer to an offer; any other style: two."""
TALKATIVE: dict[SpeechStyle, float] = {"terse": 0.6, "brisk": 0.6, "chatty": 0.95, "rambling": 0.95}
"""How likely an item of the agenda that need not be said is said; any other style: 0.8."""
BORNE = 2
"""Turns that bring nothing, for each point of patience."""
WORTH = {
    "answer": 4, "offer": 4, "inform": 4, "promised": 2, "cannot": 2, "transfer": 1, "working": 2, "question": 4,
    "else": 1,
}  # fmt: skip
"""How often things count as bringing the customer on that have no bound of their own."""
ACTS: dict[str, CustomerAct] = {"tell": "tell", "ask": "question", "complain": "complain", "chat": "chat"}
_ASKS_TO_KNOW = re.compile(
    r"^(?:know|find out|understand|learn|see|check|compare|decide|hear|tell|figure out|get (?:the|a) (?:date|price))\b"
)
_NO_VERB = re.compile(r"^(?:back|better|the|a|an|more|less|no|new|another|some|faster|cheaper|help|information)\b")
_OF_OTHERS = (
    (re.compile(r"\b(?:he|she) (\w+?)s\b"), r"I \1"),
    (re.compile(r"\b(?:he|she)\b"), "I"),
    (re.compile(r"\b(?:his|her)\b"), "my"),
)
"""A goal tells of the customer; the customer says "my"."""
_COMMON_WORDS = """
that this with from have what when where which will would your about them they then than there here into does for and
the you can are was has not but how why its get know find out after before want need
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_OF_ANY_MATTER = """
like want wish help solve fix resolve sort get done change new set put take add use using calling call called writing
asking contacting touch trying looking having today right correct
please thank thanks patience sorry understand concern okay sure case issue issues problem problems trouble question
questions request matter something account service services customer company about regarding because some more yes
also just really very still isn't let see check make sure information support
"""
"""Words that agents say of whatever a customer wants."""
_STEM = 5


@dataclass(frozen=True)
class Decision:
    """What the customer does next. `ended_why`: all was done, patience ran out, or the agent ended it."""

    lines: tuple[Line, ...]
    ended: bool
    mood: int
    ended_why: Literal["", "done", "patience", "agent"] = ""


class Mind:
    """The decisions of one customer in one conversation; `next` is called once for each of the customer's turns."""

    def __init__(self, persona: Persona, case: Case, lexicon: Lexicon, policy: OfferPolicy | None, seed: int) -> None:
        self.persona, self.case, self.seed = persona, case, seed
        self.matter = case.matter or Matter()
        self.mood = persona.mood.level
        self.answers = Answers(persona, case, lexicon, policy, seed)
        self.facts = Facts(persona, case, seed)
        self.agenda = agenda_of(persona, seed)
        self.patience = Patience(BORNE * persona.patience, worth(persona, case))
        self.goal = spoken_goal(case.goal)
        self.happened: set[str] = {"opening"}
        self.state: Literal["open", "promised", "settled", "given_up"] = "open"
        self._own_stems = _stems(" ".join(_texts(case, persona)))
        self._to_know = bool(_ASKS_TO_KNOW.match(case.goal))
        self._turn = 0
        self._done: Counter[str] = Counter()
        self._questions = list(self.matter.questions)
        self._details = list(self.matter.details)
        self._denied = 0
        self._claimed = False
        """Whether the agent said that it is done, and the customer did not deny it."""
        self._passed_on = False
        """Whether the agent handed the customer to somebody else."""
        self._asked = False
        """Whether the customer's last turn asked something of the matter."""
        self._informed = 0
        self._told: set[str] = set()
        self._pressed = False
        self._bought_last = False
        self._idle = False
        """Whether the agent's last turn brought nothing; a mood falls from the second on."""

    @property
    def most(self) -> int:
        """After so many of the customer's turns the conversation has ended, whatever the agent does."""
        return self.patience.most

    def next(self, turns: Sequence[Turn], reading: Reading) -> Decision:
        """What is done after `turns`, of which `reading` holds the facts."""
        self._turn += 1
        heard = hear(turns, reading, self.case.channel)
        scene = self._scene(heard, reading)
        if self._turn == 1:
            return self._open(heard, scene)
        return self._go_on(heard, scene)

    # --- the opening ---

    def _open(self, heard: Heard, scene: Scene) -> Decision:
        lines = [Line("state", say=self.matter.opening)]
        self.happened.add("stated")
        greeted = self._items("opening", PACE.get(self.persona.speech.style, 2))
        lines += greeted
        if heard.pitches and (answer := self.answers.answer(heard, scene, self._turn)) is not None:
            lines += answer.lines
            self._after(answer)
            if answer.leaves:
                return self._decision(lines, ended_why="patience")
        return self._decision(lines)

    # --- every other turn ---

    def _go_on(self, heard: Heard, scene: Scene) -> Decision:
        was_settled = self._settled
        matter = self._matter_lines(heard)
        self._bought_last = False
        scene = replace(scene, solved=self._settled)
        given = self._given(heard)
        answer = self.answers.answer(heard, scene, self._turn)
        self._weigh(heard, given, answer, bool(matter), was_settled)
        if answer is not None:
            self._after(answer)
        offer = list(answer.lines) if answer is not None else []
        if answer is not None and answer.leaves:
            return self._decision(offer, ended_why="patience")
        if self.patience.gone:
            return self._decision([*_turned_down(offer), Line("leave")], ended_why="patience")
        if self.state == "given_up" or (was_settled and not given and not offer and not matter):
            return self._close(heard, scene, [*matter, *offer])
        lines = self._paced([*given, *matter], offer, answer)
        if not lines:
            lines = self._filler(heard)
        return self._decision(lines)

    @property
    def _settled(self) -> bool:
        return self.state in ("settled", "given_up")

    def _scene(self, heard: Heard, reading: Reading) -> Scene:
        self._pressed = self._pressed or heard.pressed
        said = [fact.intent for fact in reading.intents]
        own = self.case.facets.get("intent")
        intents = tuple(dict.fromkeys((*said, *((own,) if own else ()))))
        return Scene(solved=self._settled, mood=self.mood, intents=intents, pressed=self._pressed)

    # --- the matter ---

    def _matter_lines(self, heard: Heard) -> list[Line]:
        """What is said of the matter to what the agent did about it; nothing where nothing was done."""
        if self._settled:
            return self._still_settled(heard)
        if self._is_done(heard):
            return self._hear_done()
        if heard.progress == "promised" or heard.transfer:
            return self._hear_promise(heard)
        return self._hear_cannot() if heard.progress == "cannot" else self._hear_nothing(heard)

    def _hear_nothing(self, heard: Heard) -> list[Line]:
        asks_whether = heard.question in ("is_solved", "anything_else")
        if self._claimed and (heard.informs or asks_whether or heard.farewell):
            return self._hear_done()
        if self.state == "promised" and (heard.informs or asks_whether):
            return self._settle("thank")
        if self._passed_on and (asks_whether or heard.farewell):
            return self._settle("thank")
        return [Line("unsolved")] if asks_whether or heard.farewell else []

    def _still_settled(self, heard: Heard) -> list[Line]:
        if heard.question == "is_solved":
            return [Line("unsolved" if self.state == "given_up" else "solved")]
        return []

    def _is_done(self, heard: Heard) -> bool:
        """Whether the agent takes the matter as done, and the customer could."""
        if (self._bought_last or heard.taken) and heard.question != "is_solved":
            return False
        if heard.progress == "done" or heard.settled:
            return True
        told = bool(heard.informs) or self._informed > 0
        if heard.question == "is_solved" and told:
            return True
        return self._to_know and self._answers_goal(heard)

    def _answers_goal(self, heard: Heard) -> bool:
        """Whether what was told speaks of what the customer wants to know, or is the second thing that was told."""
        if not heard.informs:
            return False
        wanted = {word for word in re.findall(r"[a-z]{3,}", self.case.goal.lower()) if word not in _COMMON}
        return len(wanted & heard.informs) >= min(2, len(wanted)) or self._informed >= 2

    def _hear_done(self) -> list[Line]:
        self.happened.add("progress")
        if self._denied < self.matter.persists:
            self._denied += 1
            return [Line("unsolved")]
        self._claimed = True
        if question := self._question():
            return [question]
        return self._settle("solved")

    def _settle(self, act: Literal["solved", "thank"]) -> list[Line]:
        self.state = "settled"
        self.happened |= {"progress", "solved"}
        return [Line(act)]

    def _hear_cannot(self) -> list[Line]:
        self._done["cannot"] += 1
        if self._done["cannot"] > 1:
            self.state = "given_up"
        return [Line("complain") if self.mood <= -2 else Line("unsolved", slot="cannot")]

    def _hear_promise(self, heard: Heard) -> list[Line]:
        self.happened.add("progress")
        if heard.transfer and heard.question is None and not heard.farewell:
            self._passed_on = True
            return [Line("wait", slot="hold")]
        if self.state == "promised" and heard.question != "hold":
            return self._settle("thank")
        self.state = "promised"
        if question := self._question():
            return [question]
        doubts = self.mood < 0 or chance(self.seed, "doubts").random() < 0.4
        if doubts and not heard.transfer:
            return [Line("question")]
        return self._settle("thank")

    def _question(self) -> Line | None:
        """What the customer wants answered before the matter is settled: the case's questions, then the agenda's."""
        if self._questions:
            return Line("question", say=(self._questions.pop(0),))
        item = next((one for one in self._due() if one.act == "ask" and one.required), None)
        return self._said(item) if item is not None else None

    # --- what the agent's turn brought ---

    def _weigh(self, heard: Heard, given: list[Line], answer: Answer | None, matter: bool, was_settled: bool) -> None:
        """Moves mood and patience."""
        brought = self._brings(heard, given, answer, matter)
        again = any(slot in self._told for slot in heard.slots)
        self._told.update(heard.slots)
        events = _events(heard, early=not self._settled, again=again, answered=self._asked and bool(heard.informs))
        if not was_settled and self.state == "settled":
            events.append("solved")
        if not brought and self._idle and not was_settled:
            events.append("no_progress")
        self._idle = not brought
        self.mood = moved(self.mood, events, self.persona.mood.moves, self.persona.mood.level)
        if not brought:
            self.patience.lose(2 if self.mood <= -3 else 1)
        self._informed += bool(heard.informs)
        self._asked = False

    def _brings(self, heard: Heard, given: list[Line], answer: Answer | None, matter: bool) -> bool:
        """Whether the turn brings the customer on, by something that still counts."""
        new = [slot for slot in heard.slots if slot not in self._told]
        kinds = [f"slot:{slot}" for slot in new]
        kinds += ["offer"] if answer is not None and answer.new and self._settled else []
        kinds += ["answer"] if self._asked and heard.informs else []
        kinds += ["done"] if matter and (heard.progress == "done" or self.state == "settled") else []
        kinds += [heard.progress] if heard.progress in ("promised", "cannot") else []
        kinds += ["transfer"] if heard.transfer else []
        kinds += ["working"] if heard.working else []
        kinds += ["question"] if given and not heard.slots else []
        kinds += ["else"] if heard.question == "anything_else" and self._settled else []
        kinds += ["inform"] if heard.informs and answer is None else []
        return any(self.patience.brings(kind) for kind in kinds)

    def _after(self, answer: Answer) -> None:
        """What has happened once the answer is given."""
        acts = {line.act for line in answer.lines}
        self.happened.add("pitched")
        if acts & TURNED_DOWN:
            self.happened.add("refused")
        self._bought_last = "accept" in acts
        if self._bought_last:
            self.happened.add("accepted")

    # --- what is said ---

    def _given(self, heard: Heard) -> list[Line]:
        """Answers to what the agent asks of the customer, offers aside."""
        lines = [self._fact(slot, heard.asked) for slot in heard.slots[:3]]
        if self._is_mistaken(heard):
            lines.append(Line("state", slot="mistaken"))
        elif heard.question in ("go_ahead", "yes_no") and not heard.pitches and not self._about_offer(heard):
            known = self.facts.said_of(heard.asked)
            slot = "go_ahead" if heard.question == "go_ahead" and known is None else "yes_no"
            lines.append(Line("give", slot=slot, value=known or "yes"))
        elif heard.question == "hold":
            lines.append(Line("wait", slot="hold"))
        elif heard.question == "open" and not heard.pitches and not self._settled:
            lines.append(self._detail(heard.asked))
        return lines

    def _is_mistaken(self, heard: Heard) -> bool:
        """Whether the agent asks if the customer wants something that has plainly nothing to do with the matter."""
        begun = bool(heard.informs) or self._informed > 0 or "progress" in self.happened
        if not heard.supposed or begun or self._settled or heard.pitches or self._about_offer(heard):
            return False
        wanted = _stems(heard.supposed) - _stems(_OF_ANY_MATTER)
        return bool(wanted) and not wanted & self._own_stems

    def _about_offer(self, heard: Heard) -> bool:
        return bool(heard.taken) or any(offer in self.answers.offers for offer in heard.spoken_of)

    def _fact(self, slot: str, question: str) -> Line:
        value = next((self.facts.of(one, question) for one in SLOTS if one == slot), None)
        return Line("give", slot=slot, value=value) if value is not None else Line("cannot_give", slot=slot)

    def _detail(self, question: str = "") -> Line:
        known = self.facts.said_of(question)
        if known is not None:
            return Line("detail", say=(known,))
        if not self._details:
            return Line("detail")
        asked = _stems(question)
        nearest = max(self._details, key=lambda told: len(asked & _stems(told)))
        self._details.remove(nearest)
        return Line("detail", say=(nearest,))

    def _paced(self, lines: list[Line], offer: list[Line], answer: Answer | None) -> list[Line]:
        """What is said in this turn, no more than the persona's pace: answers first, then the matter, then the agenda.

        A customer who turns an offer down while the matter is open comes back to it, where the words do not by
        themselves.
        """
        pace = PACE.get(self.persona.speech.style, 2)
        facts = [line for line in lines if line.act in ("give", "cannot_give")]
        said = lines
        turned_down = answer is not None and bool(_turned_down(offer))
        if turned_down and not said and not self._settled and answer is not None and not answer.serves_matter:
            said = self._back_to_matter()
        if not any(line.act in ("accept", "ask", "reopen") for line in offer) and (said or offer):
            said += self._items_now(pace - len(said) - len(offer))
        settled_first = any(line.act == "solved" for line in said)
        return [*said, *offer] if settled_first or facts else [*offer, *said]

    def _back_to_matter(self) -> list[Line]:
        item = next((one for one in self._due() if one.act in ("ask", "complain")), None)
        if item is not None:
            return [self._said(item)]
        if chance(self.seed, "serves", self._turn).random() < 0.75:
            return [Line("question", say=(self._questions.pop(0),)) if self._questions else self._any_question()]
        return []

    def _any_question(self) -> Line:
        """A question of the bank: about what the agent did or promised, or whether it can do anything."""
        return Line("question") if "progress" in self.happened else Line("question", slot="stuck")

    def _filler(self, heard: Heard) -> list[Line]:
        """What is said when the agent's turn asks for nothing and brings nothing to answer."""
        if heard.unread or len(heard.text) < 3:
            return [Line("repeat")]
        if heard.working:
            return [Line("wait")]
        if due := self._items_now(1):
            return due
        self._done["filler"] += 1
        turn = self._done["filler"]
        if self.mood <= -2 and turn % 2:
            return [Line("complain")]
        if turn <= 2 and not self._asked:
            return [self._detail()]
        return [self._any_question() if turn % 2 == 0 else Line("unsolved")]

    def _close(self, heard: Heard, scene: Scene, lines: list[Line]) -> Decision:
        """The floor is free and the matter settled, or given up: what is left to be said, then the end."""
        if self.state == "settled" and not heard.farewell:
            line = self.answers.comes_back(heard, scene, self._turn)
            if line is not None:
                return self._decision([*lines, line])
        self.happened.add("closing")
        left = [item for item in self._due() if self._fits_the_end(item)]
        pace = max(1, PACE.get(self.persona.speech.style, 2) - 1)
        asks = next((item for item in left if item.act == "ask"), None)
        if asks is not None and not heard.farewell and self.state == "settled":
            return self._decision([*lines, self._said(asks)])
        lines += [self._said(item) for item in left[:pace] if item is not asks or heard.farewell]
        more = [item for item in self._due() if item.required and self.state == "settled"]
        if more and not heard.farewell:
            return self._decision(lines)
        return self._decision([*lines, Line("goodbye")], ended_why="agent" if heard.farewell else "done")

    def _fits_the_end(self, item: AgendaItem) -> bool:
        """Whether the item is still to be said; who leaves with nothing done has no kind words."""
        kind = item.act == "chat" and (self.state == "given_up" or self.mood <= -2)
        return item.required or (item.after == "closing" and not kind)

    # --- the agenda ---

    def _due(self) -> Iterator[AgendaItem]:
        """The items whose moment has come and that were not said, in the order of the file."""
        return (item for item in self.agenda if item.after in self.happened and item.id not in self.happened)

    def _items(self, after: str, most: int) -> list[Line]:
        return [self._said(item) for item in [one for one in self._due() if one.after == after][: max(0, most)]]

    def _items_now(self, room: int) -> list[Line]:
        """An item that is due, where there is room for it; those for the end wait for the end."""
        item = next((one for one in self._due() if one.after != "closing"), None)
        return [self._said(item)] if item is not None and room > 0 else []

    def _said(self, item: AgendaItem) -> Line:
        self.happened.add(item.id)
        return Line(ACTS[item.act], say=item.say, item=item.id)

    # --- the turn ---

    def _decision(self, lines: Sequence[Line], ended_why: Literal["", "done", "patience", "agent"] = "") -> Decision:
        lines = [line for at, line in enumerate(lines) if line not in lines[:at]]
        self._asked = any(line.act in ("question", "ask", "repeat") for line in lines)
        done = tuple(self._finished(line) for line in lines)
        return Decision(done, bool(ended_why), self.mood, ended_why)

    def _finished(self, line: Line) -> Line:
        """The line with what all lines have: mood, the matter, the how-manieth of its kind."""
        self._done[f"act:{line.act}"] += 1
        intent = self.case.facets.get("intent")
        return replace(
            line,
            mood=self.mood,
            goal=self.goal,
            intent=intent if intent in get_args(Intent) else None,
            count=self._done[f"act:{line.act}"],
            settled=self.state == "settled",
        )


def agenda_of(persona: Persona, seed: int) -> tuple[AgendaItem, ...]:
    """The items that this customer will say: those with words, all that are required, the others by chance."""
    likely = TALKATIVE.get(persona.speech.style, 0.8)
    return tuple(
        item
        for item in persona.agenda
        if item.say and (item.required or chance(seed, "item", item.id).random() < likely)
    )


def worth(persona: Persona, case: Case) -> dict[str, int]:
    """How often each kind of thing that an agent's turn brings counts for this customer."""
    matter = case.matter or Matter()
    asked = len(matter.questions) + sum(item.act == "ask" for item in persona.agenda)
    return {
        **WORTH,
        **{f"slot:{slot}": 1 for slot in SLOTS},
        "answer": WORTH["answer"] + asked,
        "offer": WORTH["offer"] + 2 * persona.refusal.asks_first,
        "done": 1 + matter.persists + asked,
    }


def spoken_goal(goal: str) -> str:
    """The case's goal as words that the customer can say after "to"."""
    said = goal.strip().rstrip(".")
    for of_others, mine in _OF_OTHERS:
        said = of_others.sub(mine, said)
    return f"get {said}" if _NO_VERB.match(said) else said


def _texts(case: Case, persona: Persona) -> Iterator[str]:
    """All words that there are of what the customer is about."""
    matter = case.matter or Matter()
    yield from (case.goal, case.title, persona.goal, case.facets.get("intent", "").replace("_", " "))
    yield from (*matter.opening, *matter.details, *matter.questions, *matter.facts, *matter.facts.values())


def _stems(text: str) -> set[str]:
    """The beginnings of the words that tell what a sentence is about."""
    return {word[:_STEM] for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in _COMMON}


def _turned_down(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.act in TURNED_DOWN]


def _events(heard: Heard, *, early: bool, again: bool, answered: bool) -> list[MoodEvent]:
    """What the agent's turns do to a mood, progress aside."""
    seen: list[tuple[bool, MoodEvent]] = [
        (heard.progress == "promised", "promised"),
        (heard.progress == "cannot", "cannot"),
        (answered, "answered"),
        (heard.empathy, "empathy"),
        (heard.apology, "apology"),
        (heard.farewell, "courtesy"),
        (heard.impolite, "impolite"),
        (heard.robotic, "robotic"),
        (heard.long_turn, "long_turn"),
        (again, "asked_again"),
        (bool(heard.pitches), "pitch"),
        (bool(heard.pitches) and early, "pitch_early"),
        (any(pitched.repeat for pitched in heard.pitches), "repeat_pitch"),
        (heard.pressed, "pressure"),
        (heard.transfer, "transfer"),
    ]
    return [event for happened, event in seen if happened]
