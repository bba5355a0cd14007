"""The rules of ARCHITECTURE.md that import-linter cannot see."""

import ast
import re
import socket
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import Field, Model
from django.template.loader import get_template
from django.urls import URLPattern

import dao_portal
from tests.source import MODULES

LEVELS = {"core": 0, "accounts": 1, "treasury": 2, "governance": 3, "social": 4}
# The audit row names its actor, though the floor knows nothing of people: a string reference.
UPWARD = {("core.AuditLog", "user"), ("core.FormKey", "user"), ("core.Brake", "user")}
MAX_LINES = 400
# What belongs to a door: services, selectors and models never see it.
DOORS_ONLY = {
    "celery",
    "django.contrib.messages",
    "django.forms",
    "django.http",
    "django.shortcuts",
    "django.template",
    "django_htmx",
}

# What is spoken of in an app beside its tables: a module of a layer is called after one of both.
SPOKEN_OF = {
    "accounts": {"addresses", "members", "names"},
    "treasury": {"holders", "holdings", "treasury"},
    "governance": {
        "advancing", "cancelling", "closing", "downloads", "drafts", "history", "home", "imports",
        "locks", "members", "opening", "paging", "publishing", "snapshots", "tallies", "turnout",
        "voting",
    },
    "social": set(),
}  # fmt: skip
LAYERS = {"models", "selectors", "services", "views"}

MODELS = [model for label in LEVELS for model in apps.get_app_config(label).get_models()]
ROOM = [path for path in MODULES if {"services", "selectors", "models"} & {path.stem, *path.parts}]
LAYERED = [path for path in MODULES if path.parent.name in LAYERS and path.stem != "__init__"]
SELECTORS = [path for path in LAYERED if path.parent.name == "selectors"]
PAGES = sorted(
    path
    for path in (settings.BASE_DIR / "templates").rglob("*.html")
    if not {"email", "emails"} & set(path.parts)  # mail programs know no style sheets
)

TEMPLATE_RULES = {
    "style attribute": re.compile(r"\sstyle\s*="),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "inline script": re.compile(r"<script(?![^>]*\ssrc=)[^>]*>"),
    "inline style sheet": re.compile(r"<style\b"),
    "hx-on": re.compile(r"\shx-on\b"),
    "hx-vals with code": re.compile(r"hx-vals\s*=\s*.js"),
}
TEMPLATE_SINS = [
    ("style attribute", '<p style="color: red">'),
    ("style attribute", "<p\n  style = 'color: red'>"),
    ("event attribute", '<a href="/" onclick="go()">'),
    ("event attribute", '<img\n  src="x"\n  onerror="go()">'),
    ("inline script", "<script>go()</script>"),
    ("inline script", '<script type="module">go()</script>'),
    ("inline style sheet", "<style>p { color: red }</style>"),
    ("hx-on", '<a hx-on:click="go()">'),
    ("hx-vals with code", "<a hx-vals='js:{a: go()}'>"),
]


def name(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


def relations(model: type[Model]) -> Iterator[Field]:
    """The references that a model itself declares, many-to-many ones included."""
    for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
        if field.remote_field:
            yield field


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_reference_points_down(model):
    own = LEVELS[model._meta.app_label]
    upward = {
        (model._meta.label, field.name)
        for field in relations(model)
        if LEVELS.get(field.related_model._meta.app_label, 0) > own
    }
    assert upward <= UPWARD


def test_every_module_has_its_place_in_the_stack():
    """import-linter asks this of what lies inside one package only."""
    text = (settings.BASE_DIR / "pyproject.toml").read_text()
    rules = tomllib.loads(text)["tool"]["importlinter"]
    stack = {name.strip() for layer in rules["contracts"][0]["layers"] for name in layer.split(":")}
    inside = {f"dao_portal.{module.name}" for module in iter_modules(dao_portal.__path__)}

    assert stack == inside | {*rules["root_packages"]} - {"dao_portal"}


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_fits_in_a_head(path):
    lines = path.read_text().count("\n")
    assert lines < MAX_LINES, f"{name(path)} has {lines} lines: split it along its nouns"


def nouns_of(app: str) -> set[str]:
    return SPOKEN_OF[app] | {
        model._meta.db_table for model in apps.get_app_config(app).get_models()
    }


@pytest.mark.parametrize(
    "path", [path for path in LAYERED if path.parts[-3] in SPOKEN_OF], ids=name
)
def test_a_module_is_called_after_its_noun(path):
    """``votes``, or after what a page shows of it: ``vote_card``, ``member_list``."""
    nouns = nouns_of(path.parts[-3])
    begins = path.stem.partition("_")[0]
    assert path.stem in nouns or {begins, f"{begins}s"} & nouns


@pytest.mark.parametrize(
    "path", [each for each in LAYERED if each.parts[-2] == "selectors"], ids=name
)
def test_a_page_is_called_the_same_everywhere(path):
    """Its address, its view, its template and its selector."""
    page = path.stem
    for app in SPOKEN_OF:  # a page of a member has its address in one app, its selector in another
        views = {pattern.name: pattern.callback for pattern in urls_of(app)}
        if page in views:
            assert views[page].__name__ == f"show_{page}"
            assert get_template(f"{app}/{page}.html")


def urls_of(app: str) -> list[URLPattern]:
    patterns: list[URLPattern] = import_module(f"{app}.urls").urlpatterns
    return patterns


def test_pages_are_called_the_same():
    """The one above has something to look at."""
    stems = {path.stem for path in SELECTORS}
    named = {pattern.name for app in SPOKEN_OF for pattern in urls_of(app)}
    assert {"proposal_list", "vote_list", "member_detail", "token_detail"} <= stems & named


def test_every_word_of_the_short_list_is_spoken_of():
    for app, words in SPOKEN_OF.items():
        stems = {path.stem for path in LAYERED if path.parts[-3] == app}
        begins = {stem.partition("_")[0] for stem in stems}
        unused = {word for word in words if not {word, word.removesuffix("s")} & (stems | begins)}
        assert unused == set()


@pytest.mark.parametrize("path", ROOM, ids=name)
def test_services_selectors_and_models_see_no_door(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    assert imported & DOORS_ONLY == set()


def test_every_cookie_of_ours_is_for_tls_alone_where_there_is_tls():
    cookies = [
        {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "set_cookie"
    ]
    assert cookies
    assert {cookie.get("secure") for cookie in cookies} == {"settings.PORTAL_URL.secure"}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_keeps_to_the_content_security_policy(path):
    text = path.read_text()
    assert [rule for rule, pattern in TEMPLATE_RULES.items() if pattern.search(text)] == []


@pytest.mark.parametrize(("rule", "text"), TEMPLATE_SINS)
def test_each_template_rule_finds_its_sin(rule, text):
    found = [name for name, pattern in TEMPLATE_RULES.items() if pattern.search(text)]
    assert found == [rule]


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org"])
def test_no_test_reaches_the_outside(host):
    with pytest.raises(RuntimeError, match=f"a test tried to reach {host}"):
        socket.create_connection((host, 80), timeout=1)


def test_no_test_sends_to_the_outside():
    with socket.socket(type=socket.SOCK_DGRAM) as sender, pytest.raises(RuntimeError):
        sender.sendto(b"", ("192.0.2.1", 53))


# What a stranger reads and runs alone, and which of them another one may import.
PURE = {"outcome": set(), "canonical": {".outcome"}}


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_import_the_standard_library_only(module):
    """import-linter knows forbidden packages, not allowed ones: a new one would pass."""
    tree = ast.parse((settings.BASE_DIR / "governance" / f"{module}.py").read_text())
    imported = {
        "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported
    foreign = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert foreign == PURE[module]
