"""Code of the user's is found, digested without being run, and loaded from the workspace first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evalh.agents.code import function_at, source_of
from evalh.errors import BadConfig


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "agents/care.py", "def reply(contact):\n    return 'hello'\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def problem(name: str, root: Path) -> str:
    with pytest.raises(BadConfig) as refused:
        function_at(name, root)
    text = str(refused.value)
    assert "\n" not in text
    assert "evalh_workspace" not in text
    return text


def test_a_function_of_the_workspace(root: Path) -> None:
    loaded = function_at("agents.care:reply", root)

    assert loaded.call(None) == "hello"
    assert loaded.place == "agents/care.py"
    assert len(loaded.sha256) == 64


def test_a_package_of_the_workspace(root: Path) -> None:
    write(root, "bot/__init__.py", "def reply(contact):\n    return 'from a package'\n")

    assert function_at("bot:reply", root).call(None) == "from a package"


def test_sys_path_and_the_folder_stay_as_they_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = list(sys.path)

    function_at("agents.care:reply", root)

    assert sys.path == before
    assert [path.name for path in root.rglob("*")] == ["agents", "care.py"]


def test_files_import_one_another_relatively(root: Path) -> None:
    write(root, "shared/words.py", "WORD = 'shared'\n")
    write(root, "agents/tools.py", "from ..shared.words import WORD\n")
    write(root, "agents/two.py", "from .tools import WORD\n\ndef reply(contact):\n    from . import tools\n    return WORD + tools.WORD\n")  # fmt: skip # noqa: E501

    assert function_at("agents.two:reply", root).call(None) == "sharedshared"


def test_the_workspace_hides_no_installed_module(root: Path) -> None:
    write(root, "json/mine.py", "import json\n\ndef reply(contact):\n    return json.dumps([1])\n")

    assert function_at("json.mine:reply", root).call(None) == "[1]"
    assert "dumps" in vars(sys.modules["json"])


def test_a_class_with_slots_and_annotations_is_made_in_its_module(root: Path) -> None:
    write(
        root,
        "state.py",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n@dataclass\nclass Reply:\n    contact: object\n",  # noqa: E501
    )

    assert function_at("state:Reply", root).call(1).contact == 1


def test_an_installed_function() -> None:
    loaded = function_at("textwrap:dedent", Path("/nonexistent"))

    assert loaded.call("  a") == "a"
    assert loaded.place.endswith("textwrap.py")


def test_an_installed_module_is_found_without_its_package_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "loudpackage/__init__.py", "raise RuntimeError('imported')\n")
    write(tmp_path, "loudpackage/inner.py", "def reply(contact): ...\n")
    monkeypatch.syspath_prepend(tmp_path)

    source = source_of("loudpackage.inner:reply", tmp_path / "elsewhere")

    assert source.path == tmp_path / "loudpackage" / "inner.py"


def test_nothing_runs_for_a_digest(root: Path) -> None:
    write(root, "loud.py", "raise RuntimeError('imported')\n")

    assert len(source_of("loud:reply", root).sha256) == 64


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("agents/tools.py", "from .tools import A"),
        ("agents/tools.py", "from . import tools"),
        ("agents/deep/tools.py", "from .deep.tools import A"),
        ("agents/deep/tools.py", "from .deep import tools"),
        ("tools.py", "from ..tools import A"),
        ("tools.py", "from .. import tools"),
        ("agents/__init__.py", "A = 1"),
        ("agents/tools/__init__.py", "from .tools import A"),
    ],
)
def test_the_digest_holds_what_the_file_imports(root: Path, name: str, statement: str) -> None:
    write(root, "agents/two.py", f"def reply(contact):\n    {statement}\n")
    write(root, name, "A = 1\n")
    first = source_of("agents.two:reply", root).sha256
    write(root, name, "A = 2\n")

    assert source_of("agents.two:reply", root).sha256 != first


def test_the_digest_follows_imports_through_and_round(root: Path) -> None:
    write(root, "agents/two.py", "from .three import A\n\ndef reply(contact): ...\n")
    write(root, "agents/three.py", "from . import two, four\n")
    write(root, "agents/four.py", "A = 1\n")
    first = source_of("agents.two:reply", root).sha256
    write(root, "agents/four.py", "A = 2\n")
    second = source_of("agents.two:reply", root).sha256
    write(root, "agents/unused.py", "A = 2\n")

    assert first != second
    assert source_of("agents.two:reply", root).sha256 == second


def test_the_digest_of_an_installed_package_follows_its_own_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "somebot/__init__.py", "")
    write(tmp_path, "somebot/agent.py", "import json\nimport somebot.more\nfrom somebot.words import A\n")
    write(tmp_path, "somebot/more.py", "")
    write(tmp_path, "somebot/words.py", "A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    digests = set()
    for name in ("somebot/words.py", "somebot/more.py", "somebot/__init__.py"):
        digests.add(source_of("somebot.agent:reply", tmp_path / "elsewhere").sha256)
        write(tmp_path, name, "A = 2\n")
    digests.add(source_of("somebot.agent:reply", tmp_path / "elsewhere").sha256)

    assert len(digests) == 4


def test_the_digest_is_the_same_in_another_folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other, "agents/care.py", (root / "agents/care.py").read_text("utf-8"))

    assert source_of("agents.care:reply", other).sha256 == source_of("agents.care:reply", root).sha256


def test_changed_code_is_loaded_anew(root: Path) -> None:
    first = function_at("agents.care:reply", root)
    write(root, "agents/care.py", "def reply(contact):\n    return 'jello'\n")
    second = function_at("agents.care:reply", root)

    assert (first.call(None), second.call(None)) == ("hello", "jello")
    assert first.sha256 != second.sha256


def test_bytecode_is_never_believed(root: Path) -> None:
    """The file has the size and time of change of the one that was compiled."""
    import os
    import py_compile

    path = root / "agents/care.py"
    py_compile.compile(str(path))
    was = path.stat()
    path.write_text(path.read_text("utf-8").replace("hello", "jello"), "utf-8")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))

    assert function_at("agents.care:reply", root).call(None) == "jello"


def test_functions_of_one_module_share_its_state(root: Path) -> None:
    write(root, "shop.py", "SEEN = []\n\ndef put(one):\n    SEEN.append(one)\n\ndef all():\n    return SEEN\n")
    function_at("shop:put", root).call("x")

    assert function_at("shop:all", root).call() == ["x"]


def test_no_such_module(root: Path) -> None:
    assert problem("agents.nope:reply", root) == (
        f"function: there is no module 'agents.nope': neither agents/nope.py in {root} nor installed; "
        "write the file, or install the package it is in"
    )


@pytest.mark.parametrize("name", ["sys:exit", "json.nope:reply", "json.decoder.more:reply", "__main__.x:reply"])
def test_a_module_without_a_file(root: Path, name: str) -> None:
    assert "there is no module" in problem(name, root)


def test_no_such_function(root: Path) -> None:
    assert problem("agents.care:answer", root) == (
        "agents/care.py: the module 'agents.care' has no function 'answer'; "
        "define it there, or correct the name in the config"
    )


def test_something_that_cannot_be_called(root: Path) -> None:
    write(root, "agents/care.py", "reply = 'hello'\n")

    assert problem("agents.care:reply", root) == (
        "agents/care.py: 'reply' is a str and cannot be called; name a function or a class"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\nraise ValueError('two\\nlines')", "cannot be imported: ValueError: two (agents/bad.py:2)"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3 (agents/bad.py:1)"),
        ("def reply(:", "cannot be imported: SyntaxError: invalid syntax (agents/bad.py:1)"),
        (
            "from .nope import x",
            "ModuleNotFoundError: No module named 'agents.nope' (agents/bad.py:1); write that file",
        ),
        ("import no_such_thing_1", "No module named 'no_such_thing_1' (agents/bad.py:1); install no_such_thing_1"),
        (
            "from care import reply",
            "No module named 'care' (agents/bad.py:1); files of the workspace import one another",
        ),
        ("from agents.care import reply", "(agents/bad.py:1); files of the workspace import one another relatively"),
        ("from ...x import y", "attempted relative import beyond top-level package"),
    ],
)
def test_a_module_that_cannot_be_imported(root: Path, text: str, said: str) -> None:
    write(root, "agents/bad.py", text + "\n")

    assert said in problem("agents.bad:reply", root)


def test_an_interrupt_while_a_module_is_imported_is_no_mistake_of_it(root: Path) -> None:
    write(root, "agents/slow.py", "raise KeyboardInterrupt\n")

    with pytest.raises(KeyboardInterrupt):
        function_at("agents.slow:reply", root)
