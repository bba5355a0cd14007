"""Comments, reactions and notifications for moderators: found, in their thread, read-only."""

import pytest
from django.test import Client

from dao_portal.core.audit.delivery import deliver_due_events
from social.models import Comment, CommentReaction, Notification
from social.services.comments import set_reaction
from tests.admin import admin_page
from tests.factories import ProposalFactory, UserFactory, comment_on, open_proposal_with

pytestmark = pytest.mark.django_db

MODELS = (Comment, CommentReaction, Notification)


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


def found(client: Client, model, **query: str) -> list[object]:
    return list(client.get(admin_page(model), query).context["cl"].result_list)


@pytest.mark.parametrize("model", MODELS)
def test_nobody_writes_here(moderator, answer, model):
    open_proposal_with({"dan": 3})
    deliver_due_events()
    row = model.objects.first()

    assert moderator.get(admin_page(model, "change", row.pk)).status_code == 200
    assert moderator.post(admin_page(model, "change", row.pk), {"content": "x"}).status_code == 403
    assert moderator.get(admin_page(model, "add")).status_code == 403
    assert moderator.post(admin_page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_comments_are_found_by_member_proposal_and_address(moderator, answer):
    address = f"http://localhost:8000{answer.get_absolute_url()}"

    for words in ("BEN", str(answer.pk), address):
        assert found(moderator, Comment, q=words) == [answer]
    assert len(found(moderator, Comment, q=f"#{answer.proposal.number}")) == 4
    assert found(moderator, Comment, q="#0") == found(moderator, Comment, q="beans") == []


def test_removed_comments_are_told_apart(moderator, answer):
    Comment.objects.filter(pk=answer.pk).update(is_deleted=True, content="")

    assert found(moderator, Comment, text="removed") == [answer]
    assert "(removed)" in moderator.get(admin_page(Comment)).content.decode()


def test_a_comment_stands_in_its_thread(moderator, answer):
    html = moderator.get(admin_page(Comment, "change", answer.pk)).content.decode()

    order = [html.index(words) for words in ("Which seeds?", "Beans, please.", "Agreed.")]
    assert order == sorted(order)
    assert html.count("this comment") == 1
    assert "Something else." not in html
    assert answer.get_absolute_url() in html


def test_reactions_are_found_by_member_proposal_and_comment(moderator, answer):
    reaction = CommentReaction.objects.get()

    for words in ("lin", f"#{answer.proposal.number}", answer.get_absolute_url()):
        assert found(moderator, CommentReaction, q=words) == [reaction]
    assert found(moderator, CommentReaction, q=str(reaction.pk)) == []


def test_notifications_are_found_by_member_and_by_having_been_read(moderator):
    open_proposal_with({"dan": 3, "eve": 4})
    deliver_due_events()
    Notification.objects.filter(user__username="dan").update(is_read=True)

    assert {row.user.username for row in found(moderator, Notification, q="Eve")} == {"eve"}
    assert {row.user.username for row in found(moderator, Notification, is_read__exact="1")} == {
        "dan"
    }
