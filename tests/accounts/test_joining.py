import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services.addresses import sync_email_verified
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from tests.factories import PASSWORD as FACTORY_PASSWORD
from tests.factories import UserFactory
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db

PASSWORD = "four random words do"


def join(client: Client) -> User:
    client.post(
        reverse("account_signup"),
        {"email": "New@Example.org", "username": "newcomer", "password1": PASSWORD},
    )
    return User.objects.get(username="newcomer")


def link_in(message: mail.EmailMessage) -> str:
    found = re.search(r"http://localhost:8000(/accounts/confirm-email/\S+)", str(message.body))
    assert found
    return found[1]


def actions(member: User) -> list[str]:
    return list(
        AuditLog.objects.filter(user=member).order_by("id").values_list("action", flat=True)
    )


def test_a_newcomer_is_not_verified_and_cannot_sign_in(client: Client) -> None:
    member = join(client)

    response = client.post(reverse("account_login"), {"login": "newcomer", "password": PASSWORD})

    assert response["Location"] == reverse("account_email_verification_sent")
    assert not member.email_verified
    assert actions(member) == [Action.MEMBER_JOINED]


def test_opening_the_link_verifies_the_address_and_is_written_down(client: Client) -> None:
    member = join(client)
    address = link_in(mail.outbox[0])

    page = client.get(address).content.decode()
    assert "One step is left" in page
    member.refresh_from_db()
    assert not member.email_verified  # mail scanners open links: only the button confirms

    client.post(address)

    member.refresh_from_db()
    assert (member.email, member.email_verified) == ("new@example.org", True)
    assert actions(member) == [Action.MEMBER_JOINED, Action.MEMBER_VERIFIED]


def test_a_verified_member_signs_in(client: Client) -> None:
    join(client)
    client.post(link_in(mail.outbox[0]))
    response = Client().post(
        reverse("account_login"), {"login": "NEW@example.org", "password": PASSWORD}
    )
    assert response["Location"] == reverse("home")


def test_another_primary_address_is_verified_too(client: Client) -> None:
    member = UserFactory(email_verified=False)
    EmailAddress.objects.create(user=member, email=member.email, primary=True)
    EmailAddress.objects.create(user=member, email="better@example.org", verified=True)
    client.post(reverse("account_login"), {"login": member.username, "password": FACTORY_PASSWORD})

    client.post(reverse("account_email"), {"email": "better@example.org", "action_primary": ""})

    member.refresh_from_db()
    assert (member.email, member.email_verified) == ("better@example.org", True)


def test_an_address_that_is_nobodys_proof_is_not_verified() -> None:
    member = UserFactory(email_verified=True)
    EmailAddress.objects.create(user=member, email=member.email, verified=False)

    sync_email_verified(user=member)

    member.refresh_from_db()
    assert not member.email_verified
    assert actions(member) == []


def test_an_address_is_verified_once_however_often_it_is_said() -> None:
    member = unsynced()
    sync_email_verified(user=member)
    before = User.objects.values().get()

    sync_email_verified(user=member)

    assert before["email_verified"]
    assert User.objects.values().get() == before
    assert actions(member) == ["member.email_verified"]


@pytest.mark.django_db(transaction=True)
def test_an_address_is_verified_once_however_many_say_so_at_once() -> None:
    member = unsynced()

    with second_session() as start:
        with transaction.atomic():
            sync_email_verified(user=member)
            other = start(sync_email_verified, user=member)
            wait_until_blocked()
        other.result(PATIENCE)

    assert actions(member) == ["member.email_verified"]


def unsynced() -> User:
    """Who has proved their address, which the member's own row does not say yet."""
    member = UserFactory(email_verified=False)
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    return member


def test_an_address_is_not_replaced_by_another_that_is_proved() -> None:
    member = UserFactory(email="mine@example.org", email_verified=True)
    EmailAddress.objects.create(user=member, email="proved@x.org", verified=True, primary=True)

    sync_email_verified(user=member)

    member.refresh_from_db()
    assert (member.email, member.email_verified) == ("mine@example.org", False)


def test_a_member_without_an_address_is_not_verified() -> None:
    member = UserFactory(email=None, email_verified=True)
    sync_email_verified(user=member)
    member.refresh_from_db()
    assert not member.email_verified
