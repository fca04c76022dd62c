"""Judges the scripted customers as an agent would be: are they understood, are they varied, and how do they end?

    python -m benchmarks.customers                              # a hundred conversations a persona
    python -m benchmarks.customers --limit 20 --persona vulnerable_senior
    python -m benchmarks.customers --limit 4 --show 20          # conversations to read, with what each side meant
    python -m benchmarks.customers --limit 20 --misread 10      # customers' turns whose meaning was not recovered

Every persona meets cases of all personas, and three demo agents: good (the prompt demo v1), pushy and useless. What the
customer meant and what the agent declares are held against what the reader finds in their words.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from evalh.agents.load import load_agent
from evalh.agents.protocol import AgentReply
from evalh.errors import UserError
from evalh.llm import Budget
from evalh.models import FunctionAgent, Move, PolicySet, Prompt, Reading, Simulation, SimulationConfig, Turn
from evalh.models.simulated import OFFER_ACTS
from evalh.reader.local import LocalReader
from evalh.simulator.protocol import Played, Said, Trial
from evalh.simulator.scripted import ScriptedCustomers
from evalh.simulator.seeds import chance
from evalh.simulator.stage import Stage
from evalh.text.safe import safe_text
from evalh.workspace import Workspace

ROOT = Path(__file__).parents[1]
SET = "brightwater_care"
PUSHY = {
    "offer_when": "any_time", "asks_permission": False, "price": "monthly_only", "after_no": "insist",
    "after_maybe": "insist", "urgency": True, "ignores_rules": True, "copy": {},
}  # fmt: skip
USELESS = {"solves": False}
NEAR = 0.5
"""The share of common five-word runs from which on two conversations sound alike."""
NONE = "(none)"
Table = Mapping[str, Counter[str]]


class Nothing:
    """Recordings that hold nothing and keep nothing."""

    mode = "normal"

    def agent(self, key: str) -> AgentReply | None:
        """Nothing is recorded."""

    def customer(self, key: str) -> Said | None:
        """Nothing is recorded."""

    def keep_agent(self, key: str, reply: AgentReply) -> None:
        """Not kept."""

    def keep_customer(self, key: str, said: Said) -> None:
        """Not kept."""

    def missing(self, trial: Trial, turn: int, simulation: Simulation) -> UserError:
        """Never asked for."""
        raise NotImplementedError

    def played(self, attempts: list[Played]) -> None:
        """Not kept."""


def agents(space: Workspace) -> dict[str, Prompt]:
    """The prompts of the three demo agents, by name."""
    good = space.prompt("demo", "v1")

    def other(name: str, changes: Mapping[str, object]) -> Prompt:
        parameters = {**good.parameters, **changes}
        return good.model_copy(update={"version": name, "parameters": parameters})

    return {
        "good": good.model_copy(update={"version": "good"}),
        "pushy": other("pushy", PUSHY),
        "useless": other("useless", USELESS),
    }


def trials(space: Workspace, limit: int, personas: Sequence[str]) -> Iterator[Trial]:
    """`limit` cases a persona, drawn from all, the same for each agent."""
    cases = space.golden_set(SET).cases
    prompts = agents(space)
    for name, persona in sorted(space.personas().items()):
        if personas and name not in personas:
            continue
        drawn = chance(0, "cases", name).sample(range(len(cases)), min(limit, len(cases)))
        for place in drawn:
            case = cases[place].model_copy(update={"id": f"{cases[place].id}+{name}", "persona": name})
            yield from (Trial(prompt, case, persona) for prompt in prompts.values())


@dataclass
class Count:
    """What was counted over conversations."""

    conversations: int = 0
    turns: int = 0
    """Of the customer."""
    ended: Counter[str] = field(default_factory=Counter)
    left: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    again: int = 0
    """Attempts beside the first."""
    said: Counter[str] = field(default_factory=Counter)
    acts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By the act meant: what was read."""
    progress: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    declared: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    alone: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """As `acts` and `progress`, of turns in which the customer does nothing else."""
    misread: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    """What was said, by what was meant and what was read."""

    def add(self, played: Played, reading: Reading) -> None:
        """Count one conversation."""
        simulation, customer = played.simulation, list(played.conversation.customer_turns())
        self.conversations += 1
        self.turns += len(customer)
        self.ended[simulation.ended] += 1
        self.left += any(move.act == "leave" for move in simulation.moves)
        self.faults.update(fault.fault for fault in simulation.faults)
        self.again += played.attempts - 1
        self.said.update(plain(turn.text) for turn in customer)
        own = {turn.index for turn in customer}
        for turn in customer:
            self._customer(turn, [move for move in simulation.moves if move.turn == turn.index], reading)
        self._agent([move for move in simulation.moves if move.turn not in own], reading, own)

    def _customer(self, turn: Turn, moves: Sequence[Move], reading: Reading) -> None:
        replies = {reply.reply for reply in reading.replies if reply.turn == turn.index}
        says = {fact.says for fact in reading.progress if fact.turn == turn.index}
        meant = {str(move.act) for move in moves}
        for act in sorted(meant & set(OFFER_ACTS)) or [NONE]:
            self._count(self.acts, act, set(replies), turn)
        for act in sorted(meant & {"solved", "unsolved"}) or [NONE]:
            self._count(self.progress, act, set(says), turn)
        if len(moves) == 1:
            act = str(moves[0].act)
            self.alone[act][_found(act, {*replies, *says})] += 1

    def _count(self, table: defaultdict[str, Counter[str]], meant: str, read: Set[str], turn: Turn) -> None:
        found = _found(meant, read)
        table[meant][found] += 1
        if found != meant:
            self.misread[meant, found].append(turn.text)

    def _agent(self, moves: Sequence[Move], reading: Reading, own: set[int]) -> None:
        declared = {(move.turn, move.offer): move.act for move in moves}
        found = {(act.turn, act.offer): act.act for act in reading.acts if act.turn not in own}
        for place in {*declared, *found}:
            self.declared[declared.get(place, NONE)][found.get(place, NONE)] += 1


def _found(meant: str, read: Set[str]) -> str:
    """What was meant where it was read too, else something that was read."""
    return meant if meant in (read or {NONE}) else min(read, default=NONE)


def plain(text: str) -> str:
    """The words of a text."""
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def distinct(texts: Iterable[str], length: int) -> float:
    """The share of runs of `length` words that are different from each other."""
    runs: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = text.split()
        runs.update(tuple(words[at : at + length]) for at in range(len(words) - length + 1))
    return len(runs) / max(1, sum(runs.values()))


def near_duplicates(conversations: Sequence[Played]) -> int:
    """How many conversations sound like one of another case, by the customer's words."""
    runs = [_runs(" ".join(plain(turn.text) for turn in one.conversation.customer_turns())) for one in conversations]
    near = set()
    for (one, mine), (other, theirs) in combinations(enumerate(runs), 2):
        if conversations[one].trial.case.id != conversations[other].trial.case.id:
            least = min(len(mine), len(theirs))
            if least and len(mine & theirs) / least >= NEAR:
                near |= {one, other}
    return len(near)


def _runs(text: str) -> frozenset[str]:
    words = text.split()
    return frozenset(" ".join(words[at : at + 5]) for at in range(len(words) - 4))


def play(space: Workspace, policies: PolicySet, asked: Iterable[Trial]) -> Iterator[Played]:
    """Hold the conversations."""
    budget = Budget()
    agent = load_agent(FunctionAgent(kind="function", function="agents.demo:reply"), root=space.root, budget=budget)
    agent.ready()
    customers = ScriptedCustomers(policies.lexicon, policies)
    stage = Stage(
        agent, customers, LocalReader(), policies.lexicon, policies, SimulationConfig(), Nothing(), budget=budget,
        greeting="Hello, this is Nora, Brightwater's AI assistant. How can I help you today?",
    )  # fmt: skip
    try:
        yield from stage.play(asked)
    finally:
        stage.close()


def show(played: Played) -> str:
    """A conversation as text, with what each side meant."""
    moves: defaultdict[int, list[str]] = defaultdict(list)
    for move in played.simulation.moves:
        moves[move.turn].append(" ".join(filter(None, [move.act, move.offer, move.item])))
    ends = [played.simulation.ended, *(f"{fault.fault} ({fault.why})" for fault in played.simulation.faults)]
    lines = [
        f"== {played.conversation.id} ({played.trial.persona.id}, {played.conversation.channel}): {'; '.join(ends)}"
    ]
    lines += [f"   goal: {played.trial.case.goal}; signals: {(played.trial.case.customer or {}).get('signals')}"]
    for turn in played.conversation.turns:
        calls = "".join(f" <{call.name}>" for call in turn.tool_calls)
        meant = f"   [{', '.join(moves[turn.index])}]" if moves[turn.index] else ""
        lines.append(f"  {turn.role[0].upper()}: {safe_text(turn.text)}{calls}{meant}")
    return "\n".join(lines)


# --- tables


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def _row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def _head(*cells: str) -> None:
    _row(*cells)
    print("|" + "|".join("--" if at == 0 else "--:" for at in range(len(cells))) + "|")


def confusion(title: str, table: Table, order: Sequence[str]) -> None:
    """What was meant in rows, what was read in columns."""
    read = [name for name in (*order, NONE) if any(row[name] for row in table.values())]
    print(f"\n{title}\n")
    _head("meant \\ read", *read, "n", "recovered %")
    for meant in (*order, NONE):
        row = table.get(meant)
        if row:
            _row(meant, *(row[name] or "" for name in read), row.total(), _share(row[meant], row.total()))


def report(counts: Mapping[tuple[str, str], Count], near: Mapping[tuple[str, str], int]) -> None:
    """All tables."""
    personas = sorted({persona for persona, _ in counts})
    names = list(dict.fromkeys(name for _, name in counts))
    print("\nHow the conversations went\n")
    _head(
        "persona",
        "agent",
        "conversations",
        "turns",
        "customer",
        "agent ended",
        "cut off",
        "left",
        "failed",
        "faults",
        "played again",
    )
    for (persona, name), count in counts.items():
        ended, turns = count.ended, count.turns / max(1, count.conversations)
        faults = ", ".join(f"{fault} {times}" for fault, times in sorted(count.faults.items())) or 0
        _row(persona, name, count.conversations, f"{turns:.1f}", ended["customer"], ended["agent"], ended["max_turns"],
             count.left, ended["failed"], faults, count.again)  # fmt: skip
    print("\nHow varied the customers are, with one agent (the same customer begins alike with each)\n")
    _head(
        "persona",
        "turns",
        "different %",
        "different, 4 words on %",
        "distinct-2",
        "distinct-3",
        "near-duplicate conversations",
    )
    for persona in personas:
        _varied(f"{persona}, {names[0]}", counts[persona, names[0]].said, near[persona, names[0]])
    for name in names:
        said = sum((counts[persona, name].said for persona in personas), Counter[str]())
        _varied(f"all, {name}", said, sum(near[persona, name] for persona in personas))
    print("\nHow often the reader recovers the act that was meant, by persona\n")
    _head("persona", *OFFER_ACTS, "solved", "unsolved")
    for persona in personas:
        _row(persona, *_recovered([counts[persona, name] for name in names]))
    _row("all", *_recovered(list(counts.values())))
    alone = _added(count.alone for count in counts.values())
    _row("all, where nothing else is done", *_shares([(alone, act) for act in (*OFFER_ACTS, "solved", "unsolved")]))
    confusion(
        "What customers meant with offers, and what was read",
        _added(count.acts for count in counts.values()),
        OFFER_ACTS,
    )
    matter = _added(count.progress for count in counts.values())
    confusion("What they meant about the matter", matter, ("solved", "unsolved"))
    for name in names:
        table = _added(count.declared for (_, agent), count in counts.items() if agent == name)
        confusion(
            f"What the {name} agent declared, and what was read",
            table,
            ("pitch", "answer", "read_back", "withdraw", "mention"),
        )


def _varied(name: str, said: Counter[str], near: int) -> None:
    whole, longer = said.total(), Counter({text: times for text, times in said.items() if len(text.split()) > 3})
    different = (_share(len(said), whole), _share(len(longer), longer.total()))
    _row(name, whole, *different, f"{distinct(said.elements(), 2):.2f}", f"{distinct(said.elements(), 3):.2f}", near)


def _recovered(counts: Sequence[Count]) -> list[str]:
    acts, progress = _added(count.acts for count in counts), _added(count.progress for count in counts)
    cells = [(acts, act) for act in OFFER_ACTS] + [(progress, act) for act in ("solved", "unsolved")]
    return _shares(cells)


def _shares(cells: Sequence[tuple[Table, str]]) -> list[str]:
    return [
        f"{_share(row[act], row.total())} ({row.total()})" if (row := table.get(act)) else "-" for table, act in cells
    ]


def misread(counts: Iterable[Count], most: int) -> None:
    """Turns of customers by what was meant and what was read."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for count in counts:
        for pair, texts in count.misread.items():
            found[pair] += texts
    for (meant, read), texts in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"{meant} read as {read}: {len(texts)}")
        for text in list(dict.fromkeys(texts))[:most]:
            print(f"  {safe_text(text)}")


def _added(tables: Iterable[Table]) -> dict[str, Counter[str]]:
    added: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for table in tables:
        for meant, row in table.items():
            added[meant] += row
    return added


def main() -> None:
    """Hold the conversations and print the tables, or conversations to read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--limit", type=int, default=34, help="cases a persona, each with all three agents")
    parser.add_argument("--persona", action="append", default=[])
    parser.add_argument("--misread", type=int, default=0, help="print so many turns for each meaning taken for another")
    parser.add_argument("--show", type=int, default=0, help="print so many conversations, and no tables")
    options = parser.parse_args()
    space = Workspace.find(ROOT)
    policies = space.policies("brightwater-care")
    begun = time.perf_counter()
    played = list(play(space, policies, trials(space, options.limit, options.persona)))
    seconds = time.perf_counter() - begun
    if options.show:
        step = max(1, len(played) // options.show)
        print("\n\n".join(show(one) for one in played[::step][: options.show]))
        return
    counts: defaultdict[tuple[str, str], Count] = defaultdict(Count)
    readings = LocalReader().read([one.conversation for one in played], policies.lexicon)
    alike: defaultdict[tuple[str, str], list[Played]] = defaultdict(list)
    for one, reading in zip(played, readings, strict=True):
        counts[one.trial.persona.id, one.trial.version].add(one, reading)
        alike[one.trial.persona.id, one.trial.version].append(one)
    if options.misread:
        misread(counts.values(), options.misread)
        return
    print(f"{len(played)} conversations in {seconds:.0f} s")
    report(counts, {who: near_duplicates(held) for who, held in alike.items()})


if __name__ == "__main__":
    main()
