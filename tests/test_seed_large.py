"""seed_demo --members N ...: the data for load tests."""

import pytest
from django.core.management import call_command

from accounts.models import User
from governance.models import Proposal, Vote
from governance.services.lifecycle import count_votes, live_counts
from social.demo.people import PEOPLE
from social.models import Comment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo_is_on(settings):
    settings.DEMO = True


def seed(members: int = 0, proposals: int = 0, comments: int = 0, votes: int = 0) -> None:
    numbers = {"members": members, "proposals": proposals, "comments": comments, "votes": votes}
    call_command(
        "seed_demo", *(f"--{name}={number}" for name, number in numbers.items()), verbosity=0
    )


def load_proposals():
    return Proposal.objects.filter(source_id__startswith="load-").order_by("number")


def test_as_many_as_were_asked_for():
    seed(members=200, proposals=25, comments=300, votes=1500)
    assert User.objects.count() == len(PEOPLE) + 200
    assert load_proposals().count() == 25
    assert Comment.objects.filter(proposal__in=load_proposals()).count() == 300
    assert Vote.objects.filter(proposal__in=load_proposals()).count() == 1500


def test_slots_votes_and_results_agree():
    seed(members=60, proposals=12, votes=300)
    for proposal in load_proposals():
        counted = count_votes(proposal.pk)
        assert counted == live_counts(proposal.pk)
        if proposal.is_decided:
            assert counted == {name: getattr(proposal, name) for name in counted}
