"""The first page."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from dao_portal.core.web.htmx import HtmxRequest, render_page

from ..selectors import home


@require_safe
def show_home(request: HtmxRequest) -> HttpResponse:
    """What is being decided now; for a member, what still needs them."""
    if request.user.is_authenticated:
        shown = home.member_home(request.user)
        context = {"home": shown, "my_holding": shown.holding}
        return render_page(request, "governance/home_member.html", context)
    return render_page(request, "governance/home_public.html", {"home": home.public_home()})
