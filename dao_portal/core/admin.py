"""The admin's floor: what services guard is shown, never edited."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from .models import AuditLog, Setting

# One door for everybody: the portal's own sign-in, with its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.index_title = _("Administration")
admin.site.enable_nav_sidebar = False  # the index is the list, and a phone has no room for both


class CappedPaginator(Paginator[Any]):
    """Counts no further than MOST_ROWS: nobody leafs through a million votes to find one."""

    MOST_ROWS = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        counted: int = rows.order_by()[: self.MOST_ROWS].count()
        return counted


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Look, search and filter; every write has its service elsewhere."""

    show_full_result_count = False  # count(*) over a million rows is no answer to a search
    paginator = CappedPaginator
    actions = None
    list_per_page = 50

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what the page offers as a filter.

        Django lets every column of its own be asked for in the address: with
        ``?password__startswith=`` a moderator could read a hash letter by letter.
        """
        offered = {*self.get_list_filter(request), self.date_hierarchy}  # type: ignore[arg-type]
        return lookup.partition("__")[0] in offered

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    has_module_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "action", "user", "resource_type", "resource_id")
    list_filter = ("action", "resource_type")
    list_select_related = ("user",)
    search_fields = ("=resource_id", "=request_id")
    date_hierarchy = "created_at"
    ordering = ("-id",)


@admin.register(Setting)
class SettingAdmin(ReadOnlyAdmin):
    list_display = ("key", "value", "type", "is_public")
    search_fields = ("key", "description")
