"""The registry over SETTINGS: parsed, cached for five seconds, audited."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from dao_portal.core import options
from dao_portal.core.models import AuditLog, Setting
from dao_portal.core.options import (
    OPTIONS,
    clear_option_cache,
    get_option,
    parse_fraction,
    parse_quorum,
)
from dao_portal.core.services.options import set_option
from governance.rules import current_rules
from tests.factories import UserFactory
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("key", OPTIONS)
def test_a_default_is_what_its_own_text_would_say(key):
    """A default that could not be set would be a rule that nobody can return to."""
    option = OPTIONS[key]
    text = str(option.default).lower() if isinstance(option.default, bool) else str(option.default)

    assert option.parse(text) == option.default == get_option(key)


def test_an_undeclared_key_is_an_error():
    with pytest.raises(KeyError):
        get_option("governance.quorom")
    with pytest.raises(KeyError):
        set_option("governance.quorom", "4 %", actor=None)
    assert not Setting.objects.exists()


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("4 %", (Decimal(4), True)),
        ("4%", (Decimal(4), True)),
        ("0.5 %", (Decimal("0.5"), True)),
        ("100 %", (Decimal(100), True)),
        ("0", (Decimal(0), False)),
        ("4000000", (Decimal(4_000_000), False)),
        ("0.000000000000000001", (Decimal("1e-18"), False)),
    ],
)
def test_a_quorum_is_an_amount_or_a_share(text, parsed):
    assert parse_quorum(text) == parsed


@pytest.mark.parametrize("text", ["1/2", "2/3", "1/1", "3/5", "1/999999999", "50/100", "1/02"])
def test_an_approval_is_a_fraction(text):
    numerator, denominator = text.split("/")

    assert parse_fraction(text) == Fraction(int(numerator), int(denominator))


REFUSED = [
    ("governance.quorum", ["", "%", "-1", "-1 %", "100.1 %", "four", "NaN", "1e60", "4 % %"]),
    (
        "governance.approval",
        ["", "0.5", "1/0", "0/1", "3/2", "-1/2", "1/²", "٣/٤", "1 / 2", f"1/{10**9}", "1/2/3"],
    ),
    ("governance.quorum_mode", ["", "For", "majority"]),
    ("governance.proposal_threshold", ["", "-1", "1e-19", "Infinity", "1,000"]),
    ("governance.notice_minutes", ["", "-1", "1.5", "1e3", "²", "1" * 10]),
    ("power.staked_weight", ["-0.1", "one"]),
    ("audit.keep_whole_ip", ["", "1", "yes", "True"]),
]


@pytest.mark.parametrize(("key", "text"), [(key, text) for key, texts in REFUSED for text in texts])
def test_what_does_not_fit_is_refused_and_changes_nothing(key, text):
    with pytest.raises(ValidationError) as refusal:
        set_option(key, text, actor=None)

    assert all(refusal.value.messages)
    assert not Setting.objects.exists()
    assert not AuditLog.objects.exists()


@pytest.mark.parametrize("minutes", ["0", "999999999"])
def test_any_number_of_minutes_that_is_accepted_is_a_time(minutes):
    for key in ("notice_minutes", "voting_minutes_min", "voting_minutes_max"):
        set_option(f"governance.{key}", minutes, actor=None)
    clear_option_cache()

    assert current_rules().notice == timedelta(minutes=int(minutes))


def test_set_option_keeps_text_and_meaning_and_says_who(django_capture_on_commit_callbacks):
    admin = UserFactory(role="admin")
    assert get_option("governance.quorum") == "4 %"

    with django_capture_on_commit_callbacks(execute=True):
        setting = set_option("governance.quorum", "7 %", actor=admin)

    assert get_option("governance.quorum") == "7 %"
    assert (setting.key, setting.value, setting.type) == ("governance.quorum", "7 %", "text")
    assert setting.is_public
    assert setting.description == str(OPTIONS["governance.quorum"].description)
    event = AuditLog.objects.get()
    assert (event.action, event.user, event.resource_id) == ("setting.changed", admin, setting.pk)
    assert event.old_values == {"key": "governance.quorum", "value": "4 %"}
    assert event.new_values == {"key": "governance.quorum", "value": "7 %"}


def test_set_option_again_is_one_row_with_both_values_in_the_audit_log():
    set_option("governance.quorum", "7 %", actor=None)
    set_option("governance.quorum", "8 %", actor=None)

    assert Setting.objects.get().value == "8 %"
    values = AuditLog.objects.order_by("id").values_list("old_values__value", "new_values__value")
    assert list(values) == [("4 %", "7 %"), ("7 %", "8 %")]


def test_a_private_option_is_a_private_row():
    assert set_option("audit.keep_whole_ip", "true", actor=None).is_public is False


def test_options_are_read_once_and_again_after_five_seconds(django_assert_num_queries):
    with django_assert_num_queries(1):
        get_option("governance.quorum")
        get_option("governance.approval")
    Setting.objects.create(key="governance.quorum", value="9 %", type="text")

    options._Cache.read_at -= 4.9
    with django_assert_num_queries(0):
        assert get_option("governance.quorum") == "4 %"
    options._Cache.read_at -= 0.2
    with django_assert_num_queries(1):
        assert get_option("governance.quorum") == "9 %"


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_was_never_in_force():
    with transaction.atomic():
        set_option("governance.quorum", "7 %", actor=None)
        transaction.set_rollback(True)

    assert get_option("governance.quorum") == "4 %"
    assert not Setting.objects.exists()
    assert not AuditLog.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [None, "6 %"])
def test_who_decides_at_the_same_time_knows_what_was_decided(before):
    """The audit log is a chain: what one found is what the other left."""
    if before:
        set_option("governance.quorum", before, actor=None)

    with second_session() as start:
        with transaction.atomic():
            set_option("governance.quorum", "7 %", actor=None)
            other = start(set_option, "governance.quorum", "8 %", actor=None)
            wait_until_blocked()
        other.result(PATIENCE)

    values = AuditLog.objects.order_by("id").values_list("old_values__value", "new_values__value")
    assert list(values)[-2:] == [(before or "4 %", "7 %"), ("7 %", "8 %")]
