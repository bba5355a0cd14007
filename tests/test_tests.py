"""The shapes in which a test passes without looking at anything."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.conf import settings

FILES = sorted((settings.BASE_DIR / "tests").rglob("*.py"))
TESTS = [
    (str(path.relative_to(settings.BASE_DIR)), node)
    for path in FILES
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]
PAGE = re.compile(r"(?<!caplog\.)\b(?:text|content|html|page)\b")
ASK = re.compile(r"\b(?:client|signed_in|moderator|administrator)\.(?:get|post)\(")
BORROWED = re.compile(r"^\s*from tests\.(?:\w+\.)*test_\w+ import", re.MULTILINE)


def absent_without_a_twin(test: ast.FunctionDef) -> Iterator[str]:
    """What is looked for in vain on a page of which nothing shows that it came."""
    asserted = [node.test for node in ast.walk(test) if isinstance(node, ast.Assert)]
    absences = [each for each in asserted if _is_absence(each)]
    seen = {name for each in asserted if not _is_absence(each) for name in _names(each)}
    for absence in absences:
        where = absence.comparators[0]
        if ASK.search(ast.unparse(where)):
            yield f"{ast.unparse(absence)}: give the answer a name, and see first what is on it"
        elif PAGE.search(ast.unparse(where)) and not _names(where) & seen:
            yield f"{ast.unparse(absence)}: see first what is there"


def _is_absence(asserted: ast.expr) -> bool:
    return isinstance(asserted, ast.Compare) and isinstance(asserted.ops[0], ast.NotIn)


def _names(expression: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def loops_over_nothing(test: ast.FunctionDef) -> Iterator[str]:
    """Rows of a table that are gone through, though there may be none."""
    for loop in ast.walk(test):
        if not isinstance(loop, ast.For) or not any(
            isinstance(node, ast.Assert) for node in ast.walk(loop)
        ):
            continue
        over = ast.unparse(loop.iter)
        if ".objects" in over and not over.startswith("some("):
            yield f"for {ast.unparse(loop.target)} in {over}: let it be some()"


SINS = [
    (absent_without_a_twin, 'page = client.get("/").text\nassert "x" not in page'),
    (absent_without_a_twin, 'assert "x" not in client.get("/").text\nassert client'),
    (absent_without_a_twin, 'assert "x" not in words(signed_in.get("/"))'),
    (absent_without_a_twin, 'assert a.status_code == 200\nassert "x" not in b.text'),
    (loops_over_nothing, "for vote in Vote.objects.all():\n    assert vote"),
]
VIRTUES = [
    'page = client.get("/").text\nassert "y" in page\nassert "x" not in page',
    'assert answer.status_code == 200\nassert "x" not in answer.text',
    "for vote in some(Vote.objects.all()):\n    assert vote",
    "for vote in Vote.objects.all():\n    vote.delete()",
]


def read(body: str) -> ast.FunctionDef:
    return ast.parse("def test_it():\n" + re.sub("^", "    ", body, flags=re.MULTILINE)).body[0]


@pytest.mark.parametrize(("rule", "body"), SINS)
def test_each_rule_finds_its_sin(rule, body):
    assert len(list(rule(read(body)))) == 1


@pytest.mark.parametrize("body", VIRTUES)
def test_no_rule_finds_a_virtue(body):
    assert [*absent_without_a_twin(read(body)), *loops_over_nothing(read(body))] == []


@pytest.mark.parametrize("rule", [absent_without_a_twin, loops_over_nothing])
def test_every_test_looks_at_something(rule):
    assert len(TESTS) > 1000
    found = [f"{path}: {test.name}: {sin}" for path, test in TESTS for sin in rule(test)]
    assert found == []


def test_no_test_takes_its_tools_from_a_test():
    """They live in modules of their own, where the next one looks for them."""
    assert BORROWED.search("from tests.core.test_events import told")
    assert [path.name for path in FILES if BORROWED.search(path.read_text())] == []
