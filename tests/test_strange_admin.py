"""Every address of the admin with arguments that no link of it has: an answer, never an error."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import URLPattern

from accounts.models import User
from dao_portal.core.models import AuditLog
from tests.admin import admin_page
from tests.factories import UserFactory
from tests.looking import some

pytestmark = pytest.mark.django_db

ARGUMENTS = [
    "0",
    "-1",
    "9" * 30,
    "٣",
    "00000000-0000-0000-0000-000000000000",
    "not-a-key",
    "_5F",
    "%00",
    "%ff",
    "ä" * 200,
]
QUERIES = [
    "_popup=1",
    "_popup=x&_to_field=password",
    "_to_field=%2e%2e",
    "e=1",
    "p=-1",
    "p=99999999999999999999",
    "o=99.-99",
    "o=x",
    "all=",
    "q=" + "9" * 400,
    "q=%00",
    "q=%ff",
    "when=9999-99-99",
    "is_active__exact=maybe",
    "id__in=x",
    "_changelist_filters=%ff",
    "app_label=x&model_name=y&field_name=z",
    "app_label=accounts&model_name=profile&field_name=user&term=%ff",
    "app_label=core&model_name=auditlog&field_name=user",
    "&&=&",
]
ANSWERS = {200, 301, 302, 303, 400, 403, 404, 405}


def admin_routes() -> Iterator[str]:
    """As templates: /admin/core/auditlog/{}/history/ for what takes an argument."""
    for route in _walk(admin.site.urls[0]):
        yield "/admin/" + re.sub("<[^>]+>", "{}", route)


def _walk(patterns: Iterable[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from _walk(pattern.url_patterns, route)
        elif "(?P" not in route:  # the list of an app, and what is left over: no arguments
            yield route


ROUTES = sorted(admin_routes())


@pytest.fixture
def client_of(db) -> Callable[[str], Client]:
    def sign_in(role: str) -> Client:
        client = Client(raise_request_exception=False)
        if role:
            client.force_login(UserFactory(role=role))
        return client

    return sign_in


def errors(client: Client, addresses: Iterable[str], *, ways: str = "get post") -> list[str]:
    return [
        f"{way} {address}"
        for address in addresses
        for way in ways.split()
        if getattr(client, way)(address).status_code not in ANSWERS
    ]


def strange_addresses(arguments: list[str]) -> list[str]:
    routes = [route for route in ROUTES if "{}" in route]
    assert len(routes) > len(admin.site._registry)
    return [
        route.format(*[argument] * route.count("{}")) for route in routes for argument in arguments
    ]


def test_strange_arguments(client_of):
    assert errors(client_of("admin"), strange_addresses(ARGUMENTS), ways="get") == []


@pytest.mark.parametrize("role", ["", "user", "moderator", "admin"])
def test_strange_arguments_of_each_role_both_ways(client_of, role):
    assert errors(client_of(role), strange_addresses(ARGUMENTS[:1])) == []


def test_strange_questions(client_of):
    plain = [route for route in ROUTES if "{}" not in route and "/add/" not in route]
    assert "/admin/autocomplete/" in plain
    addresses = [f"{route}?{query}" for route in plain for query in QUERIES]

    assert errors(client_of("admin"), addresses, ways="get") == []


@pytest.mark.parametrize("role", ["", "user", "moderator", "admin"])
def test_shortcut_to_a_row_of_any_kind(client_of, role):
    """Django's "view on site" asks for whatever kind of thing, and whatever key."""
    known = User.objects.create_user("ada")
    kinds = [ContentType.objects.get_for_model(model).pk for model in (User, AuditLog, Session)]
    keys = [*ARGUMENTS, str(known.pk)]
    addresses = [f"/admin/r/{kind}/{key}/" for kind in (*kinds, *ARGUMENTS) for key in keys]

    assert errors(client_of(role), addresses, ways="get") == []


def test_no_filter_takes_a_character_that_the_database_cannot(client_of):
    """PostgreSQL stores no NUL, and psycopg says so with an error: the middleware refuses it."""
    request = RequestFactory().get("/")
    request.user = UserFactory(role="admin", username="grace")
    addresses = []
    for model, page in some(admin.site._registry.items()):
        changelist = page.get_changelist_instance(request)
        parameters = {
            name for spec in changelist.filter_specs for name in spec.expected_parameters()
        }
        assert parameters, model
        addresses += [
            f"{admin_page(model)}?{name}={value}"
            for name in sorted({*parameters, "q", "p", "o", "id", "e", "all", "_to_field"})
            for value in ("%00", "a%00b")
        ]

    assert errors(client_of("admin"), addresses, ways="get") == []
