"""The first page."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dao_portal.core.htmx import render_page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is being decided now; for a member, what still needs them."""
    return render_page(request, "governance/home.html")
