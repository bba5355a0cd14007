"""Guards taken away one at a time, to see whether a test notices: ``make mutants``.

A plugin of pytest. What counts as a guard: in a service an ``if`` that refuses or returns (it is
made never true), any other ``if`` without ``else`` (always true), a call whose answer nobody reads,
and a lock on rows; in the database a trigger, an ``IF`` of its function that raises, and a
``PERFORM``.

Each is tried in a fork of this run, on a copy of its migrated database: nothing of it stays. The
tests that speak of it most are run until one fails or hangs. What no test misses is named, and the
run fails when fewer than ``LEAST`` of a hundred were noticed.
"""

import ast
import importlib
import inspect
import math
import os
import re
import select
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import shorten
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections

LEAST = 95
MAX_TESTS = 300  # that are asked about one guard
PATIENCE = 60  # seconds: a test that takes longer hangs
MODULES = [
    "accounts/guesses.py",
    "accounts/services",
    "dao_portal/core/audit",
    "dao_portal/core/brakes.py",
    "dao_portal/core/once.py",
    "dao_portal/core/outbox.py",
    "dao_portal/core/services",
    "governance/services",
    "social/services",
    "treasury/services",
]
NO_GUARDS = {"progress", "super().__init__", "logger.info"}  # calls that only say something
# They compare what a trigger says, and know nothing of what it does.
NO_WITNESSES = {"test_check_guards", "test_check_schema", "test_dump", "test_migrations"}
# What no test can miss, by its name, and why.
EQUIVALENT = {
    "governance/services/history.py write_history: locks.lock_alone(proposal.pk)": (
        "nobody else sees the draft that an import has just made; the triggers lock it as well"
    ),
    "dao_portal/core/once.py made_before: if key is None:": "spares a question that finds nothing",
}


@dataclass(frozen=True)
class Mutant:
    """A guard and how to take it away: by SQL in a copied database, or by a call in a fork."""

    place: str
    says: str
    words: set[str]
    sql: str = ""
    change: Callable[[], None] = lambda: None

    def __str__(self) -> str:
        return f"{self.place}: {self.says}"

    @property
    def part(self) -> str:
        """The file; "SQL" is one."""
        return self.place.partition(" ")[0]


def words_of(text: object) -> set[str]:
    """Names and their parts: test_rename_twice speaks of rename_member."""
    said = str(text).lower()
    return set(re.findall(r"\w{3,}", said)) | set(re.findall(r"[^\W_]{3,}", said))


# --- Python -------------------------------------------------------------------------------------


def python_mutants(root: Path) -> Iterator[Mutant]:
    texts = _texts(root)
    for entry in MODULES:
        for path in sorted((root / entry).glob("*.py")) or [root / entry]:
            file, tree = path.relative_to(root), ast.parse(path.read_text())
            for scope in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
                prefix = "" if scope is tree else f"{scope.name}."
                for function in scope.body:
                    if isinstance(function, ast.FunctionDef):
                        yield from _of_function(file, tree, function, prefix, texts)


def _of_function(
    file: Path, tree: ast.Module, function: ast.FunctionDef, prefix: str, texts: dict[str, str]
) -> Iterator[Mutant]:
    name, callers = prefix + function.name, _callers(function.name, texts)
    for node in filter(_is_guard, ast.walk(function)):
        says = ast.unparse(node)
        means = [texts[word] for word in re.findall(r"\b[A-Z_]{3,}\b", says) if word in texts]
        yield Mutant(
            place=f"{file} {name}",
            says=shorten(says.splitlines()[0], 100),
            words=words_of([file, name, callers, says, means]),
            change=partial(_take_away, file, tree, name, node),
        )


def _texts(root: Path) -> dict[str, str]:
    """What the functions and constants of the whole product say, by name."""
    packages = {Path(entry).parts[0] for entry in MODULES}
    files = [file for package in packages for file in (root / package).rglob("*.py")]
    texts = {}
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        match node:
            case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                texts[name] = ast.unparse(node)
    return texts


def _callers(name: str, texts: dict[str, str], steps: int = 3) -> set[str]:
    """The functions by which ``name`` is reached; what everybody calls tells nothing."""
    calls = {caller for caller, text in texts.items() if f"{name}(" in text} - {name}
    if not steps or len(calls) > 5:
        return set()
    return calls.union(*(_callers(caller, texts, steps - 1) for caller in calls))


def _is_guard(node: ast.AST) -> bool:
    match node:
        case ast.If(body=[*_, ast.Raise() | ast.Return()]) | ast.If(orelse=[]):
            return True
        case ast.Expr(value=ast.Call(func=function)):
            return ast.unparse(function) not in NO_GUARDS
        case ast.Call(func=ast.Attribute(attr="select_for_update")):
            return True
    return False


def _take_away(file: Path, tree: ast.Module, name: str, node: ast.AST) -> None:
    """Called in a fork: neither the tree nor the function is needed as it was."""
    match node:
        case ast.If():
            node.test = ast.Constant(value=not isinstance(node.body[-1], ast.Raise | ast.Return))
        case ast.Expr():
            node.value = ast.Constant(value=None)
        case ast.Call(func=ast.Attribute() as method):
            method.attr, node.args, node.keywords = "all", [], []
    code = compile(ast.fix_missing_locations(tree), str(file), "exec")
    found = importlib.import_module(".".join(file.with_suffix("").parts))
    for part in name.split("."):
        code = next(each for each in code.co_consts if getattr(each, "co_name", None) == part)
        found = inspect.getattr_static(found, part)
    inspect.unwrap(getattr(found, "__func__", found)).__code__ = code


# --- SQL ----------------------------------------------------------------------------------------

RAISING = re.compile(
    r"\b(?:ELS)?IF\b(?P<guard>(?:(?!\bTHEN\b)[^;])*)\bTHEN\s+RAISE\b.*?;", re.DOTALL
)
PERFORMED = re.compile(r"\b(?P<guard>PERFORM\b.*?);", re.DOTALL)
FUNCTIONS = """
    SELECT proname, pg_get_functiondef(oid) FROM pg_proc
    WHERE prorettype = 'trigger'::regtype AND pronamespace = 'public'::regnamespace ORDER BY 1
"""
TRIGGERS = """
    SELECT
        tgname,
        string_agg(format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname), ';'),
        min(pg_get_triggerdef(oid))
    FROM pg_trigger
    WHERE NOT tgisinternal AND tgparentid = 0 AND tgtype & 32 = 0 -- test databases may be emptied
    GROUP BY 1 ORDER BY 1
"""


def sql_mutants(database: psycopg.Connection) -> Iterator[Mutant]:
    for function, text in database.execute(FUNCTIONS):
        for guard, instead in ((RAISING, " false "), (PERFORMED, "NULL")):
            for found in guard.finditer(text):
                start, end = found.span("guard")
                yield Mutant(
                    place=f"SQL {function}()",
                    says=shorten(found["guard"], 100),
                    words=words_of(function + found[0]),
                    sql=text[:start] + instead + text[end:],
                )
    for name, disable, definition in database.execute(TRIGGERS):
        says = shorten(definition, 100)
        yield Mutant(f"SQL trigger {name}", says, words_of(definition), sql=disable)


def _connect(name: str) -> psycopg.Connection:
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    return psycopg.connect(address, autocommit=True)


# --- the run ------------------------------------------------------------------------------------


class Run:
    """The tests of a session that has begun: what lives as long as it is there, for every fork."""

    def __init__(self, session: pytest.Session) -> None:
        self.session = session
        self.tests = [item for item in session.items if _may_tell(item)]
        self.files = {item.path: words_of(item.path.read_text()) for item in self.tests}
        self.own = {
            item: words_of(item.nodeid + inspect.getsource(item.function)) for item in self.tests
        }
        self.sound: dict[pytest.Item, bool] = {}  # does it pass while nothing is taken away?
        self.often = Counter(word for words in self.own.values() for word in words)
        self.witnesses: dict[str, Counter[pytest.Item]] = defaultdict(Counter)
        self.copy_is_clean = False
        first = next((item for item in self.tests if item.get_closest_marker("django_db")), None)
        self.database = self._set_up(first) if first else None

    def _set_up(self, item: pytest.Item) -> str:
        """Let pytest-django make the database. Its name; nobody is connected to it."""
        # As if the session came next: all is torn down but what lives as long as it.
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.session)
        if self.session.testsfailed:
            raise pytest.UsageError(f"{item.nodeid} fails already")
        connections.close_all()
        return connections["default"].settings_dict["NAME"]

    def mutants(self) -> Iterator[Mutant]:
        yield from python_mutants(self.session.config.rootpath)
        if self.database:
            with _connect(self.database) as database:
                found = list(sql_mutants(database))
            yield from found

    def who_notices(self, mutant: Mutant) -> pytest.Item | None:
        likely = sorted(self.tests, key=partial(self._likeliness, mutant), reverse=True)
        return self.first_of(likely[:MAX_TESTS], mutant)

    def first_of(self, likely: list[pytest.Item], mutant: Mutant) -> pytest.Item | None:
        """The first that fails without the guard, and does not with it."""
        while likely and (item := self._first_to_fail(likely, mutant)):
            if item not in self.sound:
                self.sound[item] = self._first_to_fail([item]) is None
            if self.sound[item]:
                self.witnesses[mutant.part][item] += 1
                return item
            likely = likely[likely.index(item) + 1 :]
        return None

    def _likeliness(self, mutant: Mutant, item: pytest.Item) -> tuple[int, float]:
        """How much a test and a guard have to do with each other.

        Whether it noticed others of the same file, then by the rare words of both.
        """

        def by(words: set[str]) -> float:
            common = (
                math.log(len(self.tests) / (self.often[word] or 1)) for word in words & mutant.words
            )
            return sum(rare**2 for rare in common) / math.sqrt(len(words))

        likely = by(self.own[item]) + by(self.files[item.path])
        return self.witnesses[mutant.part][item], likely

    def _first_to_fail(
        self, tests: list[pytest.Item], mutant: Mutant | None = None
    ) -> pytest.Item | None:
        copied = self._copy_database(mutant)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            self._run_in_fork(tests, mutant, copied, writing)
        os.close(writing)
        begun = 0
        try:
            while _is_ready(reading) and os.read(reading, 1):
                begun += 1
        finally:
            os.close(reading)
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        # What runs in a transaction leaves nothing behind, whatever happens to it.
        hung, changed = os.WIFSIGNALED(status), mutant and mutant.sql
        self.copy_is_clean = not (hung or changed or any(map(_commits, tests[:begun])))
        if not begun:
            raise RuntimeError(f"{mutant} could not be taken away")
        return tests[begun - 1] if status else None

    def _copy_database(self, mutant: Mutant | None) -> str | None:
        if not self.database:
            return None
        copied = f"{self.database}_mutant"  # by its name still a test's
        if not self.copy_is_clean:
            with _connect("postgres") as server:
                server.execute(f"DROP DATABASE IF EXISTS {copied} WITH (FORCE)")
                server.execute(f"CREATE DATABASE {copied} TEMPLATE {self.database}")
        if mutant and mutant.sql:
            with _connect(copied) as database:
                database.execute(mutant.sql)
        return copied

    def _run_in_fork(
        self, tests: list[pytest.Item], mutant: Mutant | None, copied: str | None, writing: int
    ) -> None:
        """Never returns. A byte for each test that begins; the status says whether one failed."""
        os.setsid()
        try:
            self.session.config.pluginmanager.unregister(name="terminalreporter")
            if copied:
                connections["default"].settings_dict["NAME"] = copied
            if mutant:
                mutant.change()
            for item, following in zip(tests, [*tests[1:], self.session], strict=True):
                os.write(writing, b".")
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.session.testsfailed:
                    break
        finally:
            os._exit(self.session.testsfailed)


def _is_ready(file: int) -> bool:
    """Within PATIENCE seconds; one by one, so that a machine that sleeps meanwhile costs one."""
    return any(select.select([file], [], [], 1)[0] for _second in range(PATIENCE))


def _commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    asks = {"transactional_db", "live_server"} & set(item.fixturenames)
    return bool(asks or (marker and marker.kwargs.get("transaction")))


def _may_tell(item: pytest.Item) -> bool:
    """Not what is slow, nor what has a database of its own, in which nothing was taken away."""
    slow = any(map(item.get_closest_marker, ("browser", "stress")))
    return not (slow or "real_database" in item.fixturenames or item.path.stem in NO_WITNESSES)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants", default="", help="only those named so, as votes.py,SQL")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Instead of the tests themselves."""
    say = session.config.pluginmanager.get_plugin("terminalreporter").write_line
    run, only = Run(session), session.config.getoption("--mutants").split(",")
    tried, survivors = Counter(), []
    for mutant in run.mutants():
        if str(mutant) in EQUIVALENT or not any(each in str(mutant) for each in only):
            continue
        tried[mutant.part] += 1
        if noticed := run.who_notices(mutant):
            say(f"noticed  {mutant} (by {noticed.nodeid})")
        else:
            say(f"SURVIVES {mutant}")
            survivors.append(mutant)
    # Once more, by those that noticed what came later.
    survivors = [each for each in survivors if not run.first_of([*run.witnesses[each.part]], each)]
    missed = Counter(mutant.part for mutant in survivors)
    for part, count in tried.items():
        say(f"{count - missed[part]:4} of {count:3} noticed in {part}")
    for mutant in survivors:
        say(f"no test misses {mutant}")
    for name, why in EQUIVALENT.items():
        say(f"not tried: {name} ({why})")
    share = 100 * (1 - len(survivors) / max(tried.total(), 1))
    say(f"{tried.total() - len(survivors)} of {tried.total()} guards noticed: {share:.1f} %")
    session.testsfailed = int(share < LEAST)
    return True
