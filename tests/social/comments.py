"""What tests do to comments past the services, and what stands of them."""

from social.models import Comment


def remove(comment: Comment) -> None:
    Comment.objects.filter(proposal_id=comment.proposal_id, pk=comment.pk).update(
        is_deleted=True, content="", content_html=""
    )


def counts(comment: Comment) -> tuple[int, int]:
    stored = Comment.objects.get(proposal_id=comment.proposal_id, pk=comment.pk)
    return stored.likes, stored.dislikes
