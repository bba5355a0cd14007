"""The admin's floor: every table is there, and what it shows, to whom, and at what price."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from dao_portal.core.admin.base import ReadOnlyAdmin
from dao_portal.core.admin.period import PeriodFilter
from dao_portal.core.models import AuditLog, EventDelivery, Setting
from dao_portal.core.services.options import set_option
from tests.factories import ProposalFactory, TransactionFactory, UserFactory
from tests.looking import some
from tests.stress.million import fill

pytestmark = pytest.mark.django_db

OURS = ("core", "accounts", "treasury", "governance", "social")
PAGES = {
    f"{model._meta.app_label}.{model._meta.model_name}": model_admin
    for model, model_admin in admin.site._registry.items()
}
MAX_STATEMENTS = 11
FOR_ADMINISTRATORS = {"treasury.waitingholding", "core.outgoingmail"}
A_MINUTE = timedelta(minutes=1)


def list_address(name: str) -> str:
    return reverse(f"admin:{name.replace('.', '_')}_changelist")


def row_address(name: str) -> str:
    """The page of the table's newest row."""
    row = PAGES[name].model.objects.order_by("-pk").first()
    return reverse(f"admin:{name.replace('.', '_')}_change", args=[row.pk])


def test_every_table_has_its_page():
    tables = {
        f"{model._meta.app_label}.{model._meta.model_name}"
        for label in OURS
        for model in apps.get_app_config(label).get_models()
    }

    assert set(PAGES) == tables


@pytest.mark.parametrize("name", PAGES)
def test_nothing_in_the_admin_writes_past_the_services(name):
    assert isinstance(PAGES[name], ReadOnlyAdmin)


@pytest.mark.parametrize("name", PAGES)
def test_every_list_says_what_can_be_searched_and_asks_for_a_time(name):
    page = PAGES[name]

    assert page.search_help_text
    assert any(
        isinstance(each, type) and issubclass(each, PeriodFilter) for each in page.list_filter
    )


# --- the price of a page ------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_list_and_a_row_cost_the_same_few_statements_whatever_their_number(administrator, name):
    spent = {}
    for rows in (1, 3):
        with transaction.atomic():
            fill(rows, span=A_MINUTE)
            spent[rows] = [
                count_statements(administrator, address)
                for address in (list_address(name), row_address(name))
            ]
            transaction.set_rollback(True)

    assert spent[1][0] == spent[3][0]
    assert max(spent[1] + spent[3]) <= MAX_STATEMENTS


def count_statements(client: Client, address: str) -> int:
    client.get(address)  # options and content types are read once
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    assert captured.captured_queries
    return len(captured)


@pytest.mark.parametrize("name", PAGES)
def test_nobody_sorts_by_a_column_without_an_index(administrator, name):
    page = PAGES[name]
    wanted = administrator.get(list_address(name)).context["cl"].queryset.query.order_by

    for column in range(1, len(page.list_display) + 1):
        asked = administrator.get(list_address(name), {"o": f"-{column}"})
        assert asked.context["cl"].queryset.query.order_by == wanted == tuple(page.ordering)


def test_nobody_asks_for_counts_beside_the_filters(administrator):
    address = list_address("accounts.user")

    assert not administrator.get(address, {"_facets": "True"}).context["cl"].add_facets


def test_a_long_list_says_that_it_was_not_counted_to_the_end(administrator, monkeypatch):
    fill(3, span=A_MINUTE)
    monkeypatch.setattr(ReadOnlyAdmin.paginator, "MAX_ROWS", 2)

    page = administrator.get(list_address("governance.vote"))

    assert "2 votes or more" in page.content.decode()
    assert page.context["cl"].result_count == 2


# --- what cannot be asked out of it -------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_list_can_be_asked_only_for_the_filters_that_it_shows(administrator, name):
    page = PAGES[name]
    offered = {
        f"{each}__exact" if isinstance(each, str) else each.parameter_name
        for each in page.list_filter
    }
    asked = [
        lookup
        for field in page.model._meta.get_fields()
        for lookup in (
            field.name,
            f"{field.name}__exact",
            f"{field.name}__startswith",
            f"{field.name}__password__startswith",
            f"{field.name}__user__email__startswith",
            f"{field.name}__holders__password__startswith",
        )
    ]

    for lookup in some({*asked} - offered):
        answer = administrator.get(list_address(name), {lookup: "a"})
        assert answer.status_code == 400, lookup


@pytest.mark.parametrize(
    "question",
    [
        {"password__startswith": "md5$"},
        {"two_factor_secret__startswith": "g"},
        {"email__startswith": "ada@"},
        {"role__regex": "a"},
        {"role__exact": "\0"},
        {"when": "\0"},
    ],
)
def test_a_moderator_reads_no_secret_letter_by_letter(moderator, question):
    UserFactory(username="ada")

    assert moderator.get(list_address("accounts.user"), question).status_code == 400


@pytest.mark.parametrize("name", PAGES)
def test_a_moderator_sees_no_address_and_no_secret(moderator, name):
    """The secrets are in the rows: whatever page shows one, shows these."""
    fill(3, span=A_MINUTE)
    members = User.objects.filter(username__startswith="member")
    members.update(password="hash-of-it", two_factor_secret="sealed")
    pages = [
        moderator.get(address)
        for address in (list_address(name), f"{list_address(name)}?q=member2", row_address(name))
    ]

    if name in FOR_ADMINISTRATORS:
        assert [page.status_code for page in pages] == [403, 403, 403]
        return
    assert [page.status_code for page in pages] == [200, 200, 200]
    shown = "".join(page.content.decode() for page in pages)
    assert not re.search("@example.org|hash-of-it|sealed", shown)
    asked = moderator.get(list_address(name), {"q": "member2@example.org"})
    assert asked.context["cl"].result_count == 0


@pytest.mark.parametrize("name", sorted(FOR_ADMINISTRATORS))
def test_administrators_tables_are_not_even_on_a_moderators_index(moderator, administrator, name):
    address = list_address(name)

    assert address in administrator.get("/admin/").content.decode()
    for_moderators = moderator.get("/admin/").text
    assert list_address("accounts.user") in for_moderators
    assert address not in for_moderators


# --- searching and filtering --------------------------------------------------------------------

ODD_WORDS = [
    "abc",
    "'",
    "%",
    "\\",
    "9" * 30,
    "9" * 19,
    "-1",
    "²",
    "#",
    "#²",
    "#0",
    "0x",
    "ä" * 300,
    "01a20536-5591-75dd-9600-1ee6b9cc4ea4",
]


@pytest.mark.parametrize("name", PAGES)
def test_a_search_for_anything_finds_nothing_and_breaks_nothing(administrator, name):
    for words in ODD_WORDS:
        assert administrator.get(list_address(name), {"q": words}).status_code == 200, words


@pytest.mark.parametrize("name", PAGES)
def test_every_choice_of_every_filter_opens_its_list(administrator, name):
    fill(3, span=A_MINUTE)
    address = list_address(name)
    filters = administrator.get(address).context["cl"].filter_specs
    changelist = administrator.get(address).context["cl"]

    for spec in some(filters):
        for choice in some(spec.choices(changelist)):
            page = administrator.get(address + choice["query_string"])
            assert page.status_code == 200, choice
            assert page.context["cl"].get_filters_params() or choice["selected"]


@pytest.mark.parametrize("value", ["2026-13", "2026-02-30", "1969", "9999", "26", "x", "²026"])
def test_a_time_that_is_none_shows_the_list_without_filters(moderator, value):
    answer = moderator.get(list_address("core.auditlog"), {"when": value})

    assert (answer.status_code, answer["Location"]) == (302, "/admin/core/auditlog/?e=1")


def test_rows_are_found_by_year_month_and_day(moderator):
    with connection.cursor() as cursor:
        for number, day in enumerate(("2025-12-31T23:59:59", "2026-01-01", "2026-01-02"), 1):
            cursor.execute(
                "INSERT INTO settings (id, key, value, type, description) SELECT"
                " (lpad(to_hex((extract(epoch FROM %s::timestamptz) * 1000)::bigint), 12, '0')"
                " || '70008' || lpad(%s, 15, '0'))::uuid, %s, '', 'text', ''",
                [f"{day}+00", str(number), day[:10]],
            )

    def found(when: str) -> list[str]:
        page = moderator.get(list_address("core.setting"), {"when": when})
        return [row.key for row in page.context["cl"].result_list]

    assert found("2025") == ["2025-12-31"]
    assert found("2026") == found("2026-01") == ["2026-01-02", "2026-01-01"]
    assert found("2026-01-01") == ["2026-01-01"]
    assert found("2025-12-31") == ["2025-12-31"]


def test_time_leads_from_years_to_days_and_back(moderator):
    set_option("governance.quorum", "5 %", actor=None)
    today = AuditLog.objects.get().created_at

    def offered(**query: str) -> list[str]:
        page = moderator.get(list_address("core.auditlog"), query)
        spec = page.context["cl"].filter_specs[-1]
        return [choice["display"] for choice in spec.choices(page.context["cl"])]

    assert offered() == ["Any time", "Today", str(today.year)]
    assert offered(when=f"{today:%Y}")[:3] == ["Any time", str(today.year), "January"]
    days = offered(when=f"{today:%Y-%m}")
    assert days[:3] == ["Any time", str(today.year), f"{today:%B}"]
    assert days[3:] == [str(day) for day in range(1, today.day + 1)]


def test_a_thing_is_found_by_its_key_or_an_address_with_it(moderator):
    set_option("governance.quorum", "5 %", actor=None)
    set_option("community.name", "Garden", actor=None)
    setting = Setting.objects.get(key="community.name")

    for words in (str(setting.pk), f"https://dao.example/x/{str(setting.pk).upper()}/"):
        found = moderator.get(list_address("core.auditlog"), {"q": words}).context["cl"].queryset
        assert [entry.resource_id for entry in found] == [setting.pk]


def test_audit_entries_and_holdings_are_found_by_a_member(moderator):
    ada = UserFactory(username="Ada", role="admin")
    set_option("community.name", "Garden", actor=ada)
    set_option("community.name", "Orchard", actor=None)

    found = moderator.get(list_address("core.auditlog"), {"q": "ada"}).context["cl"].queryset

    assert [entry.user for entry in found] == [ada]


def test_settings_are_found_by_what_they_mean(moderator):
    for key, value in {"governance.quorum": "5 %", "community.name": "Garden"}.items():
        set_option(key, value, actor=None)

    def found(words: str) -> list[str]:
        page = moderator.get(list_address("core.setting"), {"q": words})
        return [setting.key for setting in page.context["cl"].queryset]

    assert found("counted") == found("QUORUM") == ["governance.quorum"]
    assert found("no such word") == []
    assert found("community's") == ["community.name"]


def test_deliveries_that_wait_are_told_apart(moderator):
    fill(3, span=A_MINUTE)
    done = EventDelivery.objects.order_by("pk").first()
    EventDelivery.objects.filter(pk=done.pk).update(done_at=done.created_at)

    page = moderator.get(list_address("core.eventdelivery"), {"delivery": "waiting"})

    assert done not in page.context["cl"].result_list
    assert len(page.context["cl"].result_list) == 2


# --- one audit entry ----------------------------------------------------------------------------


def test_an_audit_entry_shows_what_changed_first_and_in_words(moderator):
    ada = UserFactory(username="ada", role="admin")
    set_option("community.name", "Garden", actor=ada)
    entry = AuditLog.objects.get()

    html = moderator.get(reverse("admin:core_auditlog_change", args=[entry.pk])).content.decode()

    rows = re.findall(r'role="rowheader">(\w+) <small>(\w+)</small>', html)
    assert rows == [("value", "changed"), ("key", "unchanged")]
    assert re.findall(r'class="was">([^<]+)<', html) == ["Commons"]
    assert re.findall(r'class="is">([^<]+)<', html) == ["Garden"]
    assert "<h1>Setting: changed a setting</h1>" in html
    assert reverse("admin:accounts_user_change", args=[ada.pk]) in html


@pytest.mark.parametrize(
    ("old", "new", "how"),
    [
        ({"a": 1}, {"a": 2}, "changed"),
        (None, {"a": 2}, "added"),
        ({"a": 1}, None, "removed"),
        ({"a": 1}, {"a": 1}, "unchanged"),
    ],
)
def test_each_field_of_an_audit_entry_says_how_it_changed(moderator, old, new, how):
    entry = AuditLog.objects.create(
        action="setting.changed", resource_type="setting", old_values=old, new_values=new
    )

    html = moderator.get(reverse("admin:core_auditlog_change", args=[entry.pk])).content.decode()

    assert re.findall(r'role="rowheader">a <small>(\w+)</small>', html) == [how]
    assert ('class="was"' in html) == (how in ("changed", "removed"))
    assert ('class="is"' in html) == (how in ("changed", "added"))


@pytest.mark.parametrize(
    "name", ["accounts.user", "core.auditlog", "governance.proposal", "treasury.transaction"]
)
def test_what_has_no_value_is_said_in_words(administrator, name):
    ProposalFactory(upcoming=True)
    TransactionFactory(user=None)
    UserFactory(first_name="", last_name="")
    set_option("governance.quorum", "1", actor=None)

    html = administrator.get(row_address(name)).text

    assert ">None<" not in html
    assert ">none<" in html


def test_an_audit_entry_of_a_kind_that_is_gone_still_opens(moderator):
    entry = AuditLog.objects.create(action="setting.changed", resource_type="badge")

    page = moderator.get(reverse("admin:core_auditlog_change", args=[entry.pk]))

    assert "<h1>Badge: changed a setting</h1>" in page.content.decode()
