"""Deleting, answering and liking through SQL, as it goes in life: with our own triggers on."""

import pytest
from django.db.models import RestrictedError

from accounts.models import Profile, User
from social.models import Comment, CommentReaction, Notification
from tests.factories import UserFactory, comment_on, open_proposal_with
from tests.schema.rows import copy_row
from tests.sql import refused, run, sql

pytestmark = pytest.mark.django_db


def test_a_member_without_history_goes_with_profile_notifications_and_likes():
    proposal = open_proposal_with([10])
    liked = comment_on(proposal)
    member = UserFactory()
    Profile.objects.get_or_create(user=member)
    Notification.objects.create(user=member, type="proposal.opened", title="Voting is open")
    CommentReaction.objects.create(proposal=proposal, comment=liked, user=member, kind=1)
    liked.refresh_from_db()
    assert liked.likes == 1

    run("DELETE FROM users WHERE id = %(key)s", key=member.pk)
    sql("SET CONSTRAINTS ALL IMMEDIATE")

    for model in (Profile, Notification, CommentReaction):
        assert not model.objects.filter(user_id=member.pk).exists()
    liked.refresh_from_db()
    assert liked.likes == 0  # the counter follows, whoever deletes


def test_a_member_who_took_part_stays():
    comment = comment_on(open_proposal_with([10]))
    with pytest.raises(RestrictedError):
        comment.user.delete()
    assert User.objects.filter(pk=comment.user_id).exists()


def test_an_answer_cannot_land_in_another_discussion():
    here, there = open_proposal_with([10]), open_proposal_with([10])
    comment = comment_on(there)
    answer = comment_on(here, parent=comment_on(here))

    with refused("comments_parent_fk"):
        Comment.objects.filter(proposal=here, pk=answer.pk).update(parent=comment)
    with refused("comments_root_fk"):
        Comment.objects.filter(proposal=here, pk=answer.pk).update(root_id=comment.pk)
    with refused("comments_parent_fk"):
        copy_row("comments", answer.pk, parent_id=f"'{comment.pk}'")


def test_a_reaction_cannot_lie_in_another_discussion():
    here, there = open_proposal_with([10]), open_proposal_with([10])
    with refused("comment_reactions_comment_fk"):
        CommentReaction.objects.create(
            proposal=here, comment=comment_on(there), user=UserFactory(), kind=1
        )


def test_counters_follow_every_change_of_a_reaction():
    comment = comment_on(open_proposal_with([10]))

    def counters():
        comment.refresh_from_db()
        return comment.likes, comment.dislikes

    for _ in range(2):
        copy = {"proposal_id": comment.proposal_id, "comment": comment, "user": UserFactory()}
        CommentReaction.objects.create(**copy, kind=CommentReaction.Kind.LIKE)
    assert counters() == (2, 0)
    run("UPDATE comment_reactions SET kind = -1 WHERE user_id = %(user)s", user=copy["user"].pk)
    assert counters() == (1, 1)
    run("UPDATE comment_reactions SET updated_at = now()")
    assert counters() == (1, 1)
    run("DELETE FROM comment_reactions")
    assert counters() == (0, 0)
