"""The rules of ARCHITECTURE.md that import-linter cannot see."""

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import Field, Model

LEVELS = {"core": 0, "accounts": 1, "treasury": 2, "governance": 3, "social": 4}
PACKAGES = ["dao_portal", "accounts", "treasury", "governance", "social"]
# The audit row names its actor, though the floor knows nothing of people: a string reference.
UPWARD = {("core.AuditLog", "user"), ("core.FormKey", "user"), ("core.Brake", "user")}
MOST_LINES = 400
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

MODELS = [model for label in LEVELS for model in apps.get_app_config(label).get_models()]
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (settings.BASE_DIR / package).rglob("*.py")
    if "migrations" not in path.parts
)
ROOM = [path for path in MODULES if {"services", "selectors", "models"} & {path.stem, *path.parts}]
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


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_fits_in_a_head(path):
    lines = path.read_text().count("\n")
    assert lines < MOST_LINES, f"{name(path)} has {lines} lines: split it along its nouns"


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
