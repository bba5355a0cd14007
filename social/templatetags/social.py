"""What social shows inside the pages of others."""

from django import template
from django.template.context import RequestContext

from social.selectors import unread_count as count_unread

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_count(context: RequestContext) -> int:
    """How many notifications the signed-in member has not read: one query, for bell and inbox."""
    return count_unread(context["request"].user)
