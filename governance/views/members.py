"""The directory of members. Their own pages are accounts' affair."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dao_portal.core.text import one_line
from dao_portal.core.web.htmx import render_page

from ..selectors import directory as members

MOST_LETTERS = 150  # as long as a name can be


@require_safe
def member_list(request: HttpRequest) -> HttpResponse:
    """Members by name, role and order."""
    query = request.GET
    filters = members.DirectoryFilters(
        show=query.get("show", "") if query.get("show") in members.SHOWN else "",
        words=one_line(query.get("q", ""))[:MOST_LETTERS],
        sort=query.get("sort", "") if query.get("sort") in members.SORTS else "",
    )
    shown = members.directory(filters, page=query.get("page"))
    context = {"directory": shown, "filters": filters, "sorts": members.SORTS}
    return render_page(request, "governance/member_list.html", context, partials=("people",))
