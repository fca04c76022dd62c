"""Checks of judges that are kept: one file a judge, for people to review and commit; whoever checks is elsewhere.

A file is believed only as far as its own probes bear it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from evalh.errors import BadInput, UserError
from evalh.judge.asking import Form
from evalh.judge.check import bears_out
from evalh.judge.probes import probes_sha256
from evalh.models import JudgeCheck
from evalh.store.atomic import write_json
from evalh.text.untrusted import explain, parse_json
from evalh.workspace.base import Workspace
from evalh.workspace.files import files
from evalh.workspace.find import shown

MAX_FILE_BYTES = 4 * 1024 * 1024
SHOWN = 12
"""Digits of the digest in a file's name."""
_REMEDY = "make it again with: evalh judge check"


@dataclass(frozen=True)
class Admission:
    """What is known of a judge that is to be asked in these forms. `why`: what it lacks, a phrase; empty if passed."""

    state: Literal["passed", "failed", "none"]
    check: JudgeCheck | None = None
    why: str = ""


def checks_folder(space: Workspace) -> Path:
    """Where they are kept: in the workspace; those for the reference in a folder here, when used from elsewhere."""
    elsewhere = space.is_reference and not Path.cwd().is_relative_to(space.root.resolve())
    return (Path() if elsewhere else space.root) / "calibration" / "judges"


def check_path(space: Workspace, sha256: str) -> Path:
    """Where the check of the judge of that digest is, whether there is one or not."""
    return checks_folder(space) / f"{sha256[:SHOWN]}.json"


def write_judge_check(space: Workspace, check: JudgeCheck) -> Path:
    """Keep a check, in place of an older one of the same judge. Raises UserError when it cannot be written."""
    path = check_path(space, check.judge_sha256)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{shown(path.parent)}: cannot be made ({error.strerror}); check the folder") from None
    write_json(path, check)
    return path


def read_judge_check(path: Path) -> JudgeCheck:
    """The check in `path`, whatever judge it is of. Raises BadInput, also where its own probes do not bear it out."""
    try:
        check = _read(path)
    except FileNotFoundError:
        raise BadInput("no such file", file=shown(path), remedy=_REMEDY) from None
    if not bears_out(check):
        raise BadInput("was changed by hand: its probes do not bear it out", file=shown(path), remedy=_REMEDY)
    return check


def problems(space: Workspace) -> Iterator[UserError]:
    """What is wrong with all that are kept."""
    for path in files(checks_folder(space), ".json"):
        try:
            read_judge_check(path)
        except BadInput as error:
            yield error


def judge_check_of(space: Workspace, sha256: str) -> JudgeCheck | None:
    """The check of the judge of that digest, passed or failed; None where there is none that can be believed."""
    return _kept(space, sha256)[0]


def admission_of(space: Workspace, sha256: str, forms: Iterable[Form]) -> Admission:
    """Whether the judge of that digest may gate when it is asked in these forms."""
    check, why = _kept(space, sha256)
    if check is None:
        return Admission("none", why=why)
    if not check.passed:
        return Admission("failed", check, "did not pass its check")
    if check.probes_sha256 != probes_sha256():
        return Admission("none", check, f"was checked by evalh {check.evalh_version} with other conversations")
    missing = [form for form in forms if form not in check.forms]
    if missing:
        return Admission("none", check, f"was not checked on {' and '.join(missing)}")
    return Admission("passed", check)


def _kept(space: Workspace, sha256: str) -> tuple[JudgeCheck | None, str]:
    """The check that is kept, or why there is none, a phrase after "the judge"."""
    path = check_path(space, sha256)
    try:
        check = _read(path)
    except FileNotFoundError:
        return None, "was not checked"
    except BadInput as error:
        return None, f"has a check that cannot be read ({error})"
    if check.judge_sha256 != sha256:
        return None, f"was not checked ({shown(path)} is of another judge)"
    if not bears_out(check):
        return None, f"has a check that was changed by hand ({shown(path)})"
    return check, ""


def _read(path: Path) -> JudgeCheck:
    """Raises FileNotFoundError or BadInput."""
    try:
        value = parse_json(path.read_bytes(), file=shown(path), max_bytes=MAX_FILE_BYTES)
        return JudgeCheck.model_validate(value)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadInput(error.strerror or "cannot be opened", file=shown(path)) from None
    except ValidationError as error:
        raise explain(error, file=shown(path)) from None
