"""Files of a workspace as they are at a git ref; the working tree is never touched, and no hook or filter is run.

What it leaves to others: what is done with them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from evalh.errors import BadInput, NotFound, UserError
from evalh.importers import Imported, Rejected, open_lines
from evalh.models import Conversation, Prompt, RunConfig
from evalh.text.untrusted import mib, shorten
from evalh.text.yaml import MAX_YAML_BYTES, as_text, load_yaml, validate
from evalh.workspace.base import Workspace
from evalh.workspace.find import shown
from evalh.workspace.git import TIMEOUT_SECONDS
from evalh.workspace.golden import FoundSet, fitting
from evalh.workspace.prompts import prompt_in

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_REF = 500
_FILES = ("100644", "100755")
_LFS = b"version https://git-lfs.github.com/spec/"
_NAME = re.compile(r"[\w./-]+", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{7,64}")


# --- commits ---


def commit_of(root: Path, ref: str) -> str:
    """The commit that `ref` names in the repository around `root`, as its whole hex digits.

    Raises UserError where there is no repository, and NotFound where it has no such commit.
    """
    if not ref or ref.startswith(("-", "^")) or len(ref) > MAX_REF or not ref.isprintable():
        raise UserError(f"{shorten(ref)} is no git ref; name a branch, a tag or a commit")
    _top(root)
    commit = _commit(root, ref)
    if commit is None:
        raise NotFound(f"there is no git commit {ref!r} here{_remedy(root, ref)}")
    return commit


def _commit(root: Path, ref: str) -> str | None:
    done = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return done.stdout.decode("ascii").strip() if done.returncode == 0 else None


def _remedy(root: Path, ref: str) -> str:
    if _commit(root, f"refs/remotes/origin/{ref}") is not None:
        return f"; did you mean 'origin/{ref}'?"
    if _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() != b"true":
        return "; name a branch, a tag or a commit that was fetched"
    if _NAME.fullmatch(ref) and not _HEX.fullmatch(ref):
        branch = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/").removeprefix("origin/")
        return f", and the clone is shallow; fetch it: git fetch --depth=1 origin {branch}:refs/remotes/origin/{branch}"
    return ", and the clone is shallow; fetch the rest: git fetch --unshallow"


# --- files ---


def file_at(root: Path, commit: str, path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> bytes | None:
    """The content that the file at `path` of the working tree has at `commit`; None where the commit lacks it.

    Line endings are those in the commit. Raises UserError for what is no plain file there, or is too big.
    """
    top = _top(root)
    place = path.parent.resolve() / path.name
    if not place.is_relative_to(top):
        raise UserError(f"{shown(path)} is outside of the git repository {shown(top)}; name a file in it")
    inside = place.relative_to(top).as_posix()
    listed = _need(root, "--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", commit, "--", inside)
    head, _, name = listed.rstrip(b"\0").partition(b"\t")
    if name != os.fsencode(inside):
        return None
    mode, _, blob, size = head.decode("ascii").split()
    label = f"{commit[:12]}:{inside}"
    if mode not in _FILES:
        raise BadInput("is a link or a folder, not a file", file=label, remedy="name the file itself")
    if int(size) > max_bytes:
        raise BadInput(f"has {mib(int(size))}, at most {mib(max_bytes)} are read", file=label, remedy="split it")
    content = _need(root, "cat-file", "blob", blob)
    if content.startswith(_LFS):
        remedy = "keep the file itself in git"
        raise BadInput("is kept in Git LFS, and the commit has only a pointer to it", file=label, remedy=remedy)
    return content


# --- what changed since ---


def place_of(root: Path, path: Path) -> Path:
    """Where the file is by its name in the workspace, though that be a link."""
    try:
        return Path(os.path.normpath(root.resolve() / path.relative_to(root)))
    except ValueError:
        return path.parent.resolve() / path.name


def blobs_at(root: Path, commit: str, places: Sequence[Path]) -> dict[Path, str]:
    """The git digest of each file at or below `places` (see `place_of`) at the commit; "" for what is no plain file.

    Places outside of the repository are left out.
    """
    top = _top(root)
    inside = [place.relative_to(top).as_posix() for place in places if place.is_relative_to(top)]
    if not inside:
        return {}
    listed = _need(root, "--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--", *inside)
    found: dict[Path, str] = {}
    for entry in filter(None, listed.split(b"\0")):
        head, _, name = entry.partition(b"\t")
        mode, _, blob = head.decode("ascii").split()
        found[top / os.fsdecode(name)] = blob if mode in _FILES else ""
    return found


def has_blob(path: Path, blob: str) -> bool:
    """Whether the file at `path` has that git digest, as it is or with the line ends of the commit; a link never."""
    if path.is_symlink():
        return False
    try:
        raw = path.read_bytes()
    except OSError:
        return False
    return blob in {_digest(raw, blob), _digest(raw.replace(b"\r\n", b"\n"), blob)}


def is_unchanged(root: Path, commit: str, path: Path) -> bool:
    """Whether the file has the content that it has at the commit."""
    place = place_of(root, path)
    blob = blobs_at(root, commit, [place]).get(place)
    return blob is not None and has_blob(place, blob)


def _digest(raw: bytes, like: str) -> str:
    name = "sha1" if len(like) == 40 else "sha256"
    return hashlib.new(name, b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()


# --- what a workspace has ---


def prompt_at(space: Workspace, agent: str, version: str, ref: str) -> tuple[Prompt, str]:
    """The prompt as its file is at `ref`, and the name of that side: ``v1@0123456789ab``, after the commit.

    The prompt keeps its own version, and with it the digest that its recordings name.
    """
    commit, path = commit_of(space.root, ref), space.prompt_path(agent, version)
    remedy = "name a ref that has it, or another version: --baseline VERSION"
    text = as_text(_wanted(space, path, ref, remedy, MAX_YAML_BYTES), file=_label(ref, path))
    return prompt_in(text, path, _label(ref, path)).get(), f"{version}@{commit[:12]}"


def recordings_at(
    space: Workspace, set_id: str, prompt: Prompt, ref: str, *, leave_out: bool = False
) -> Iterator[tuple[Conversation, str] | BadInput]:
    """The recordings of a prompt as their file is at `ref`, with their places; one that does not fit as its error.

    The cases are those of the working tree, as for the side it is compared with. `leave_out`: recordings of cases that
    are gone are no error, they are left out.
    """
    found, items = _recorded(space, set_id, prompt, ref)
    return fitting((item for item in items if not (leave_out and _is_gone(item, found))), found, prompt)


def gone_at(space: Workspace, set_id: str, prompt: Prompt, ref: str) -> int:
    """How many recordings of the prompt at `ref` are of cases that are gone."""
    found, items = _recorded(space, set_id, prompt, ref)
    return sum(_is_gone(item, found) for item in items)


def _recorded(
    space: Workspace, set_id: str, prompt: Prompt, ref: str
) -> tuple[FoundSet, Iterator[Imported | Rejected]]:
    found = space.found_set(set_id)
    path = found.recordings_file(prompt.version)
    raw = _wanted(space, path, ref, _recorded_remedy(found, prompt.version), MAX_FILE_BYTES)
    return found, iter(open_lines(raw, _label(ref, path)))


def _is_gone(item: Imported | Rejected, found: FoundSet) -> bool:
    return (
        not isinstance(item, Rejected)
        and item.conversation.case is not None
        and item.conversation.case not in found.by_id
    )


def config_at(space: Workspace, config_path: Path, ref: str) -> RunConfig:
    """The run configuration as its file is at `ref`, so that a change cannot loosen what it is judged by."""
    raw = _wanted(space, config_path, ref, "name a ref that has it", MAX_YAML_BYTES)
    label = _label(ref, config_path)
    return validate(load_yaml(as_text(raw, file=label), file=label), RunConfig)


def _wanted(space: Workspace, path: Path, ref: str, remedy: str, max_bytes: int) -> bytes:
    raw = file_at(space.root, commit_of(space.root, ref), path, max_bytes=max_bytes)
    if raw is None:
        raise NotFound(f"git:{ref} has no {_shown(path)}; {remedy}")
    return raw


def _label(ref: str, path: Path) -> str:
    return f"git:{ref}:{_shown(path)}"


def _shown(path: Path) -> Path:
    """As `shown`, but where the file is a link now, by its own name."""
    return Path(shown(path.parent)) / path.name


def _recorded_remedy(found: FoundSet, version: str) -> str:
    others = [name for name in found.recorded_versions() if name != version]
    if not others:
        return "name a ref that has recordings of it"
    return f"compare with a version that has recordings: --baseline {others[0]}"


# --- git itself ---


def _top(root: Path) -> Path:
    """The folder of the working tree around `root`."""
    done = _git(root, "rev-parse", "--show-toplevel")
    if done.returncode:
        trust = "trust that folder: git config --global --add safe.directory FOLDER"
        remedy = trust if b"safe.directory" in done.stderr else "work in a clone"
        raise UserError(f"{root} cannot be looked up in git ({_said(done)}); {remedy}")
    return Path(os.fsdecode(done.stdout.removesuffix(b"\n"))).resolve()


def _need(root: Path, *arguments: str) -> bytes:
    done = _git(root, *arguments)
    if done.returncode:
        raise UserError(f"git cannot read the commit ({_said(done)}); fetch it again")
    return done.stdout


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
    return shorten(lines[0].removeprefix("fatal: "), 200)


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    git = shutil.which("git")
    if git is None:
        raise UserError("there is no git here; install it, or name a run or a version")
    # In a hook git names its repository by GIT_DIR, relative to the current folder.
    there = [] if "GIT_DIR" in os.environ else ["-C", str(root)]
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C"}
    command = [git, "--no-optional-locks", *there, *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, env=env, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"git did not answer in {TIMEOUT_SECONDS:.0f} seconds; try again") from None
    except (OSError, ValueError) as error:
        raise UserError(f"git cannot be run ({error}); check the name and the folder") from None
