"""Finds and loads `module:function`, the user's own code: in the workspace by its file, else among what is installed.

The workspace is a package of a private name, so that `sys.path` stays as it is and nothing of the workspace hides an
installed module of the same name. Its files import one another relatively: ``from .tools import lookup``. They are
always read as they are now; bytecode is neither used nor left. What it leaves to others: calling what was loaded.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import FileFinder, ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from evalh.errors import BadConfig

_PRIVATE = "evalh_workspace_"
_NAME = re.compile(_PRIVATE + r"[0-9a-f]{16}\.?")


@dataclass(frozen=True)
class Source:
    """Where a function's source is, found without running any of it."""

    module: str
    function: str
    path: Path
    base: Path
    """The folder from which `module` counts."""
    in_workspace: bool
    place: str
    """`path` as a user writes it: relative to the workspace where it is in there."""
    sha256: str
    """The digest of the module's file and of the files that it imports: relatively, or from its own package."""


@dataclass(frozen=True)
class Loaded:
    """A function, or a class, with the digest of its source and the file it is in."""

    call: Callable[..., Any]
    sha256: str
    place: str


def source_of(name: str, root: Path) -> Source:
    """Find the module of `module:function` without importing it; raises BadConfig where there is none."""
    module, _, function = name.partition(":")
    root = root.resolve()
    found = _file(root, module.split("."))
    if found is not None:
        base, in_workspace = root, True
    else:
        found, base = _installed(module, root)
        in_workspace = False
    top = None if in_workspace else module.split(".")[0]
    place = found.relative_to(root).as_posix() if found.is_relative_to(root) else str(found)
    return Source(module, function, found, base, in_workspace, place, _sha256(found, base, top))


def function_at(name: str, root: Path) -> Loaded:
    """The function or class of `module:function`, whose module is run.

    Raises BadConfig where the module is not there or cannot be imported, or has no such function.
    """
    source = source_of(name, root)
    module = _imported(source)
    call = getattr(module, source.function, None)
    if call is None:
        problem = f"the module {source.module!r} has no function {source.function!r}"
        raise BadConfig(problem, file=source.place, remedy="define it there, or correct the name in the config")
    if not callable(call):
        problem = f"{source.function!r} is a {type(call).__name__} and cannot be called"
        raise BadConfig(problem, file=source.place, remedy="name a function or a class")
    return Loaded(call, source.sha256, source.place)


def told(error: BaseException) -> str:
    """An exception as one line: its type and the first line of what it says."""
    text = _NAME.sub("", error.msg if isinstance(error, SyntaxError) else _text(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException) -> str:
    try:
        return next((line.strip() for line in str(error).splitlines() if line.strip()), "")[:300]
    except Exception:  # what a user's class does when it is printed
        return ""


# --- where it is ---


def _file(base: Path, parts: Sequence[str]) -> Path | None:
    """The file of a module below `base`."""
    for path in (base.joinpath(*parts, "__init__.py"), base.joinpath(*parts[:-1], f"{parts[-1]}.py")):
        if path.is_file():
            return path
    return None


def _installed(module: str, root: Path) -> tuple[Path, Path]:
    """The file of an installed module, and the folder that its names count from."""
    parts = module.split(".")
    spec = _top(parts[0])
    for end in range(2, len(parts) + 1):
        places = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(".".join(parts[:end]), list(places)) if places else None
    path = Path(spec.origin) if spec and spec.origin and spec.has_location else None
    if path is None or not path.is_file():
        expected = "/".join(parts) + ".py"
        problem = f"there is no module {module!r}: neither {expected} in {root} nor installed"
        raise BadConfig(problem, field="function", remedy="write the file, or install the package it is in")
    depth = len(parts) if path.stem == "__init__" else len(parts) - 1
    return path, path.parents[depth]


def _top(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ValueError:  # a module without a spec, such as __main__
        return None


# --- what it depends on ---


def _sha256(path: Path, base: Path, top: str | None) -> str:
    """The digest of a module's file and of all that it imports of its own, by their paths below `base`."""
    waiting, seen = [path], dict[str, bytes]()
    while waiting:
        at = waiting.pop()
        name = at.relative_to(base).as_posix()
        if name not in seen:
            seen[name] = at.read_bytes()
            waiting += _imports(at, seen[name], base, top)
    whole = hashlib.sha256()
    for name, content in sorted(seen.items()):
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _imports(path: Path, content: bytes, base: Path, top: str | None) -> Iterator[Path]:
    """The files of its own that a file imports, wherever in it, and those of the packages it is in."""
    package = path.relative_to(base).parts[:-1]
    names = [package[:end] for end in range(1, len(package) + 1)]
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # said when it is imported
        tree = ast.Module([], [])
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names += _imported_names(node, package, top)
        elif isinstance(node, ast.Import):
            names += [tuple(alias.name.split(".")) for alias in node.names if alias.name.split(".")[0] == top]
    for parts in names:
        for end in range(1, len(parts) + 1):
            if found := _file(base, parts[:end]):
                yield found


def _imported_names(node: ast.ImportFrom, package: tuple[str, ...], top: str | None) -> list[tuple[str, ...]]:
    """The modules that ``from ... import ...`` may name."""
    named = tuple(node.module.split(".")) if node.module else ()
    if node.level > len(package) + 1:
        return []
    if node.level:
        named = package[: len(package) + 1 - node.level] + named
    elif named[0] != top:
        return []
    return (
        [named, *((*named, alias.name) for alias in node.names)] if named else [(alias.name,) for alias in node.names]
    )


# --- running it ---


class _Loader(SourceFileLoader):
    """Loads a file as it is now; never from bytecode, and leaves none."""

    def path_stats(self, path: str) -> NoReturn:
        """Without a time of change there is no bytecode."""
        raise OSError(path)


class _Finder:
    """Finds the modules of workspaces by their private names."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module's place below its package's folders."""
        if not fullname.startswith(_PRIVATE):
            return None
        specs = (FileFinder(folder, (_Loader, [".py"])).find_spec(fullname, target) for folder in path or ())
        return next((spec for spec in specs if spec is not None), None)


def _imported(source: Source) -> ModuleType:
    private = f"{_workspace(source)}." if source.in_workspace else ""
    try:
        return importlib.import_module(private + source.module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's file may raise anything, such as SystemExit
        place = f" ({frame})" if (frame := last_place(error, source.base)) else ""
        problem = f"cannot be imported: {told(error)}{place}"
        raise BadConfig(problem, file=source.place, remedy=_remedy(error, source)) from None


def _workspace(source: Source) -> str:
    """The private package of the workspace for sources as they are now; changed sources are another package."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    name = _PRIVATE + hashlib.sha256(f"{source.base}\0{source.sha256}".encode()).hexdigest()[:16]
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(source.base)]
        sys.modules[name] = package
    return name


def last_place(error: BaseException, base: Path) -> str:
    """The last line below `base` that an exception came through, such as ``agents/care.py:12``; or nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        places = [(error.filename, error.lineno)]
    else:
        places = [(frame.filename, frame.lineno) for frame in reversed(traceback.extract_tb(error.__traceback__))]
    below = ((Path(file), line) for file, line in places if Path(file).is_relative_to(base))
    return next((f"{file.relative_to(base).as_posix()}:{line}" for file, line in below), "")


def _remedy(error: BaseException, source: Source) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return "correct the module"
    top = error.name.split(".")[0]
    if error.name.startswith(_PRIVATE):
        return "write that file, or correct the import"
    if source.in_workspace and any(_is_below(folder, top) for folder in (source.path.parent, source.base)):
        return "files of the workspace import one another relatively, such as: from .tools import lookup"
    return f"install {top}, or correct the import"


def _is_below(folder: Path, name: str) -> bool:
    return (folder / name).is_dir() or _file(folder, [name]) is not None
