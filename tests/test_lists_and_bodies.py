"""Lists leave the long texts in the database: a page of twenty titles reads no twenty bodies."""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dao_portal.core.audit.delivery import deliver_due_events
from governance.models import Proposal
from tests.factories import ProposalFactory, UserFactory, decided_proposal
from tests.schema.rows import make_rows

pytestmark = pytest.mark.django_db

BODIES = re.compile(
    r'"proposals"\."(?:description|description_html|search)"(?! @@)'
    r'|"comments"\."(?:content|content_html)"'
    r'|"profiles"\."(?:bio|bio_html)"'
)
# Page -> the only bodies that it reads, because it shows them.
PAGES = {
    "/": set(),
    "/proposals/": set(),
    "/proposals/?q=garden": set(),
    "/proposals/?status=draft": set(),
    "/proposals/?sort=votes": set(),
    "/proposals/{number}/votes/": set(),
    "/proposals/{number}/votes/?reason=1": set(),
    "/proposals/{number}/votes.csv": set(),
    "/proposals/{number}/results/": set(),
    "/treasury/": set(),
    "/notifications/": set(),
    "/members/": {'"profiles"."bio_html"'},
    "/members/?q=ada": {'"profiles"."bio_html"'},
    "/members/ada/": {'"profiles"."bio"', '"profiles"."bio_html"'},  # of one member
    "/members/ada/?show=proposals": {'"profiles"."bio"', '"profiles"."bio_html"'},
    "/members/ada/?show=comments": {
        '"profiles"."bio"',
        '"profiles"."bio_html"',
        '"comments"."content_html"',
    },
}
SHOWN_IN_THE_ADMIN = {
    "comment": {'"comments"."content"'},  # the list shows how it begins
    "commentreaction": {'"comments"."content"'},
    "profile": {'"profiles"."bio"'},
}
PAGES |= {
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/": SHOWN_IN_THE_ADMIN.get(
        model._meta.model_name, set()
    )
    for model in admin.site._registry
}


@pytest.fixture
def reader(client):
    member, comment = make_rows()
    type(member).objects.filter(pk=member.pk).update(role="admin")
    ProposalFactory(proposer=member)
    ProposalFactory(proposer=member, upcoming=True)
    decided_proposal(proposer=UserFactory())
    deliver_due_events()
    client.force_login(member)
    client.number = Proposal.objects.get(pk=comment.proposal_id).number
    return client


@pytest.mark.parametrize("address", PAGES)
def test_a_list_reads_no_bodies(address, reader):
    with CaptureQueriesContext(
        connection,
    ) as statements:
        answer = reader.get(address.format(number=reader.number))
        answer.getvalue()

    assert answer.status_code == 200
    read = {
        body
        for statement in statements
        for body in BODIES.findall(statement["sql"].partition(" WHERE ")[0])
    }
    assert read <= PAGES[address]
