"""What moderators see of social."""

from django.contrib import admin

from dao_portal.core.admin import ReadOnlyAdmin

from .models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Who was told what, for the member who says "nobody told me"."""

    list_display = ("created_at", "user", "title", "is_read")
    list_filter = ("type", "is_read")
    list_select_related = ("user",)
    search_fields = ("=user__username",)
    ordering = ("-id",)
