"""The list of members. Their own pages are accounts' affair."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from dao_portal.core.text import one_line
from dao_portal.core.web.htmx import HtmxRequest, render_page

from ..selectors import member_list

MAX_LETTERS = 150  # as long as a name can be


@require_safe
def show_member_list(request: HtmxRequest) -> HttpResponse:
    """Members by name, role and order."""
    query = request.GET
    filters = member_list.MemberFilters(
        show=query.get("show", "") if query.get("show") in member_list.SHOWN else "",
        words=one_line(query.get("q", ""))[:MAX_LETTERS],
        sort=query.get("sort", "") if query.get("sort") in member_list.SORTS else "",
    )
    listed = member_list.member_list(filters, page=query.get("page"))
    context = {"list": listed, "filters": filters, "sorts": member_list.SORTS}
    return render_page(request, "governance/member_list.html", context, partials=("people",))
