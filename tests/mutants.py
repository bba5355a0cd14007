"""Guards taken away one at a time, to see whether a test notices: ``make mutants``.

A plugin of pytest. In one run, with one database, it takes away each guard of the services
(an ``if`` that refuses, a call whose answer nobody reads, a lock on rows) and of the triggers (an
``IF`` that raises), asks the tests that are most likely to notice, and puts it back. A guard that
no test misses is printed, and the run fails when fewer than ``LEAST`` of a hundred were noticed.
"""

import ast
import copy
import importlib
import inspect
import re
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from django.conf import settings
from django.db import connection
from pytest_django.plugin import blocking_manager_key

LEAST = 95
MODULES = [
    "accounts/guesses.py",
    "accounts/services.py",
    "dao_portal/core/audit",
    "dao_portal/core/brakes.py",
    "dao_portal/core/once.py",
    "dao_portal/core/services",
    "governance/services",
    "social/services",
    "treasury/services",
]
NEVER = {"progress", "print"}  # calls that only tell somebody how far it has come
SQL_GUARD = re.compile(r"\bIF\b(?P<condition>(?:(?!\bTHEN\b).)*?)\bTHEN\s+RAISE\b", re.DOTALL)


@dataclass(frozen=True)
class Mutant:
    """One guard: where it stands, what it says, words to find its tests by, how to take it away."""

    place: str
    says: str
    words: tuple[str, ...]
    folders: tuple[str, ...]
    taken_away: Callable[[], "contextmanager[None]"]


# --- Python -------------------------------------------------------------------------------------


def python_mutants() -> Iterator[Mutant]:
    for entry in MODULES:
        path = settings.BASE_DIR / entry
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            tree = ast.parse(file.read_text())
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef):
                    yield from _of_function(file, tree, function)


def _of_function(file: Path, tree: ast.Module, function: ast.FunctionDef) -> Iterator[Mutant]:
    relative = file.relative_to(settings.BASE_DIR)
    for node in ast.walk(function):
        if _without(node):
            code = _compiled(file, tree, function, node)
            yield Mutant(
                place=f"{relative}:{node.lineno}",
                says=ast.unparse(node).splitlines()[0],
                words=(function.name, file.stem),
                folders=relative.parts[:-1],
                taken_away=lambda code=code: _swapped(file, code),
            )


def _without(node: ast.AST) -> ast.AST | None:
    """What stands in the place of a guard that is taken away; None where ``node`` is no guard."""
    match node:
        case ast.If(body=[*_, ast.Raise()]):
            return ast.If(test=ast.Constant(value=False), body=node.body, orelse=node.orelse)
        case ast.Expr(value=ast.Call()) if ast.unparse(node.value.func) not in NEVER:
            return ast.Pass()
        case ast.Call(func=ast.Attribute(attr="select_for_update")):
            return node.func.value
    return None


class _TakeAway(ast.NodeTransformer):
    def visit(self, node: ast.AST) -> ast.AST:
        without = _without(node) if hasattr(node, "is_taken") else None
        return ast.copy_location(without, node) if without else self.generic_visit(node)


def _compiled(
    file: Path, tree: ast.Module, function: ast.FunctionDef, node: ast.AST
) -> types.CodeType:
    node.is_taken = True
    module = ast.fix_missing_locations(_TakeAway().visit(copy.deepcopy(tree)))
    del node.is_taken
    code = _code_of(compile(module, str(file), "exec"), function)
    assert code, f"{file} has no code of {function.name}"
    return code


def _code_of(code: types.CodeType, function: ast.FunctionDef) -> types.CodeType | None:
    """The code of ``function`` inside ``code``; it begins with its first decorator."""
    begins = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    inside = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    for each in inside:
        if (each.co_name, each.co_firstlineno) == (function.name, begins):
            return each
    return next(filter(None, (_code_of(each, function) for each in inside)), None)


@contextmanager
def _swapped(file: Path, code: types.CodeType) -> Iterator[None]:
    relative = file.relative_to(settings.BASE_DIR).with_suffix("")
    found: object = importlib.import_module(".".join(relative.parts))
    for name in code.co_qualname.split("."):
        found = inspect.getattr_static(found, name)
    function = inspect.unwrap(getattr(found, "__func__", found))
    before, function.__code__ = function.__code__, code
    try:
        yield
    finally:
        function.__code__ = before


# --- SQL ----------------------------------------------------------------------------------------


def sql_mutants() -> Iterator[Mutant]:
    """Every IF ... THEN RAISE of the functions that the migrated database really has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE prokind = 'f'"
            " AND pronamespace = 'public'::regnamespace AND prosrc ~ 'RAISE' ORDER BY proname"
        )
        functions = cursor.fetchall()
    for name, text in functions:
        for found in SQL_GUARD.finditer(text):
            start, end = found.span("condition")
            mutated = f"{text[:start]} false {text[end:]}"
            says = " ".join(found["condition"].split())
            constraint = re.search(r"CONSTRAINT = '(\w+)'", text[end:])
            words = (name, *(constraint.groups() if constraint else ()))
            line = text.count("\n", 0, start) + 1
            yield Mutant(
                f"{name}():{line}",
                says,
                words,
                ("schema", "governance"),
                lambda a=mutated, b=text: _replaced(a, b),
            )


@contextmanager
def _replaced(mutated: str, text: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(mutated)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(text)


# --- the run ------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants", default="", help="only those whose place has these letters")


def _most_likely_first(
    tests: list[pytest.Item], texts: dict[Path, str], mutant: Mutant
) -> list[pytest.Item]:
    """The tests of the guard's app and those that name it; the most telling names first."""

    def likeliness(item: pytest.Item) -> int:
        text, folder = texts[item.path], item.path.parent.name
        named = sum(100 * text.count(word) for word in mutant.words[:-1])
        return named + text.count(mutant.words[-1]) + (folder in mutant.folders)

    return sorted(filter(likeliness, tests), key=likeliness, reverse=True)


def _passes(item: pytest.Item, following: pytest.Item) -> bool:
    """``following`` is any other one: what lives as long as the run must not end with ``item``."""
    reports = runtestprotocol(item, log=False, nextitem=following)
    return not any(report.failed for report in reports)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Instead of the tests themselves."""
    slow = ("stress", "browser")
    tests = [item for item in session.items if not any(map(item.get_closest_marker, slow))]
    texts = {item.path: item.path.read_text() for item in tests}
    only, survivors = session.config.getoption("--mutants"), []
    _passes(tests[0], tests[-1])  # sets the database up, which stays until the session ends
    blocker = session.config.stash[blocking_manager_key]
    with blocker.unblock():
        mutants = [each for each in (*python_mutants(), *sql_mutants()) if only in each.place]
    say = session.config.pluginmanager.get_plugin("terminalreporter").write_line
    for mutant in mutants:
        likely = _most_likely_first(tests, texts, mutant)
        with blocker.unblock(), mutant.taken_away():
            noticed = next((item for item in likely if not _passes(item, tests[-1])), None)
        say(f"{'noticed ' if noticed else 'SURVIVES'} {mutant.place}: {mutant.says}")
        if not noticed:
            survivors.append(mutant)
    share = 100 * (1 - len(survivors) / max(len(mutants), 1))
    say(f"{len(mutants)} guards, {share:.1f} % of them missed by a test when they are gone")
    for mutant in survivors:
        say(f"no test misses {mutant.place}: {mutant.says}")
    session.testsfailed = int(share < LEAST)
    return True
