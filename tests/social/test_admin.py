"""Comments, reactions and notifications for moderators: found, in their thread, read-only."""

import pytest
from django.test import Client
from django.urls import reverse

from dao_portal.core.audit.delivery import deliver_due_events
from social.models import Comment, CommentReaction, Notification
from social.services.comments import set_reaction
from tests.factories import ProposalFactory, UserFactory, comment_on, open_proposal_with

pytestmark = pytest.mark.django_db

MODELS = (Comment, CommentReaction, Notification)


@pytest.fixture
def grace(client: Client) -> Client:
    """A moderator's browser."""
    client.force_login(UserFactory(username="grace", role="moderator"))
    return client


@pytest.fixture
def answer() -> Comment:
    """ "Beans, please." below "Which seeds?", answered by "Agreed.", and liked by lin."""
    proposal = ProposalFactory(upcoming=True, title="Plant trees")
    question = comment_on(proposal, "Which seeds?", author=UserFactory(username="amy"))
    comment_on(proposal, "Something else.")
    answer = comment_on(
        proposal, "Beans, please.", author=UserFactory(username="ben"), parent=question
    )
    comment_on(proposal, "Agreed.", parent=answer)
    like = CommentReaction.Kind.LIKE
    set_reaction(actor=UserFactory(username="lin"), comment=answer, kind=like)
    return answer


def page(model, name: str = "changelist", *args) -> str:
    return reverse(f"admin:social_{model._meta.model_name}_{name}", args=args)


def found(client: Client, model, **query: str) -> list[object]:
    return list(client.get(page(model), query).context["cl"].result_list)


@pytest.mark.parametrize("model", MODELS)
def test_nobody_writes_here(grace, answer, model):
    open_proposal_with({"dan": 3})
    deliver_due_events()
    row = model.objects.first()

    assert grace.get(page(model, "change", row.pk)).status_code == 200
    assert grace.post(page(model, "change", row.pk), {"content": "x"}).status_code == 403
    assert grace.get(page(model, "add")).status_code == 403
    assert grace.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_comments_are_found_by_member_proposal_and_address(grace, answer):
    address = f"http://localhost:8000{answer.get_absolute_url()}"

    for words in ("BEN", str(answer.pk), address):
        assert found(grace, Comment, q=words) == [answer]
    assert len(found(grace, Comment, q=f"#{answer.proposal.number}")) == 4
    assert found(grace, Comment, q="#0") == found(grace, Comment, q="beans") == []


def test_removed_comments_are_told_apart(grace, answer):
    Comment.objects.filter(pk=answer.pk).update(is_deleted=True, content="")

    assert found(grace, Comment, text="removed") == [answer]
    assert "(removed)" in grace.get(page(Comment)).content.decode()


def test_a_comment_stands_in_its_thread(grace, answer):
    html = grace.get(page(Comment, "change", answer.pk)).content.decode()

    order = [html.index(words) for words in ("Which seeds?", "Beans, please.", "Agreed.")]
    assert order == sorted(order)
    assert html.count("this comment") == 1
    assert "Something else." not in html
    assert answer.get_absolute_url() in html


def test_reactions_are_found_by_member_proposal_and_comment(grace, answer):
    reaction = CommentReaction.objects.get()

    for words in ("lin", f"#{answer.proposal.number}", answer.get_absolute_url()):
        assert found(grace, CommentReaction, q=words) == [reaction]
    assert found(grace, CommentReaction, q=str(reaction.pk)) == []


def test_notifications_are_found_by_member_and_by_having_been_read(grace):
    open_proposal_with({"dan": 3, "eve": 4})
    deliver_due_events()
    Notification.objects.filter(user__username="dan").update(is_read=True)

    assert {row.user.username for row in found(grace, Notification, q="Eve")} == {"eve"}
    assert {row.user.username for row in found(grace, Notification, is_read__exact="1")} == {"dan"}
