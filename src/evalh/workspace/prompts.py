"""Prompts: Markdown whose front matter states what can be checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalh.errors import BadConfig, UserError
from evalh.models import PolicySet, Prompt
from evalh.text.yaml import Document, load_yaml, read_text, split_front_matter
from evalh.workspace.files import Found, checked, did_you_mean
from evalh.workspace.find import shown


def read_prompt(path: Path) -> Found[Prompt]:
    """The prompt in a file. Without front matter its folder names the agent and its name the version."""
    try:
        return prompt_in(read_text(path), path, shown(path))
    except UserError as error:
        return Found(path, None, (error,))


def prompt_in(text: str, path: Path, file: str) -> Found[Prompt]:
    """The prompt in the text of the file at `path`, which errors call `file`; raises what keeps it from being read."""
    front, body, _ = split_front_matter(text, file=file)
    document = load_yaml(front, file=file, first_line=2) if front.strip() else _named_by(path, file)
    if not isinstance(document.data, dict):
        return checked(path, document, Prompt)
    if "text" in document.data:
        line = document.line_of(("text",))
        known = BadConfig("unknown key 'text'", file=file, line=line, remedy="write the prompt below the ---")
        return Found(path, None, (known,), document)
    return checked(path, Document({**document.data, "text": body.strip()}, document.file, document.lines), Prompt)


def _named_by(path: Path, file: str) -> Document:
    agent = path.resolve().parent.name or "agent"
    return Document({"agent": agent.replace(" ", "_"), "version": path.stem.replace(" ", "_")}, file)


def name_problems(found: Found[Prompt]) -> list[UserError]:
    """Whether a file of the workspace stands where its content says."""
    prompt = found.value
    if prompt is None or (found.path.parent.name, found.path.stem) == (prompt.agent, prompt.version):
        return []
    wanted = f"{prompt.agent}/{prompt.version}.md"
    return [found.bad(f"the file holds version {prompt.version!r} of {prompt.agent!r}", (), f"move it to {wanted}")]


def copy_problems(found: Found[Prompt], policies: PolicySet) -> Iterator[UserError]:
    """Approved copy of offers that no version of the policy has."""
    known = list(dict.fromkeys(offer.id for policy in policies.versions for offer in policy.offers))
    copies = found.value.approved_copy if found.value is not None else ()
    for index, copy in enumerate(copies):
        if copy.offer not in known:
            problem = f"the policy {policies.id!r} has no offer {copy.offer!r}"
            yield found.bad(problem, ("approved_copy", index, "offer"), did_you_mean(copy.offer, known, "remove it"))
