"""Writing, publishing and withdrawing a proposal."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from dao_portal.core.htmx import render_page


@login_required
def proposal_create(request: HttpRequest) -> HttpResponse:
    """Write a draft."""
    return render_page(request, "governance/proposal_form.html")


@login_required
def proposal_edit(request: HttpRequest, number: int) -> HttpResponse:
    """Change a draft, or a proposal before voting opens."""
    return render_page(request, "governance/proposal_form.html")


@login_required
def proposal_publish(request: HttpRequest, number: int) -> HttpResponse:
    """Look once more, then publish."""
    return render_page(request, "governance/proposal_publish.html")


@login_required
def proposal_withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take a published proposal back before voting opens."""
    return render_page(request, "governance/proposal_withdraw.html")
