"""Members in the browser."""

from allauth.account import views as allauth
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dao_portal.core.errors import DomainError
from dao_portal.core.views import A_YEAR, keep_theme
from dao_portal.core.web.context import THEME_COOKIE
from dao_portal.core.web.htmx import HtmxRequest, render_page
from dao_portal.core.web.http import see_other

from .forms import ProfileForm, ResetPasswordForm
from .links import count_own_link
from .models import User
from .selectors import members
from .services import profiles
from .signed_in import MemberRequest, is_signed_in, member_required

TABS = ("votes", "proposals", "comments")


@require_safe
def show_member_detail(request: HtmxRequest, username: str) -> HttpResponse:
    """One member: what they say of themselves, and what they did; ?show= picks the list."""
    member = members.member_called(username, members.shown_members().select_related("profile"))
    if member is None:
        raise Http404
    show = request.GET.get("show", "")
    context = {
        "member": member,
        "profile": getattr(member, "profile", None),
        "show": show if show in TABS else TABS[0],
    }
    return render_page(request, "accounts/member_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def profile_edit(request: MemberRequest) -> HttpResponse:
    """One's own profile and preferences."""
    form = ProfileForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        member=request.user,
        theme=request.COOKIES.get(THEME_COOKIE, "auto"),
    )
    if request.method == "POST" and form.is_valid() and _save(request.user, form):
        messages.success(request, _("Your profile is saved."))
        response = see_other(reverse("accounts:profile_edit"))
        keep_theme(response, form.cleaned_data["theme"])
        return response
    status = 422 if form.errors else 200
    return render_page(request, "accounts/profile_edit.html", {"form": form}, status=status)


def addresses(request: HttpRequest) -> HttpResponse:
    """allauth's page of one's own addresses, where a link can be asked for once more."""
    asked = "action_send" in request.POST and "action_add" not in request.POST
    if asked and is_signed_in(request):
        typed = request.POST.get("email", "").lower()
        waiting = EmailAddress.objects.filter(user=request.user, email=typed, verified=False)
        if waiting.exists() and not count_own_link(request, member=request.user, address=typed):
            return see_other(reverse("account_email"))
    response: HttpResponse = allauth.email(request)
    return response


def confirm_email(request: HttpRequest, key: str) -> HttpResponse:
    """A mailed link; one more address of a member is confirmed only by who is signed in as them.

    Where an address was mistyped, a stranger holds the link: confirmed by them, it would let them
    choose a new password. Of who has no confirmed address yet the link is all that there is.
    """
    confirmation = EmailConfirmationHMAC.from_key(key)
    member = confirmation.email_address.user if confirmation else request.user
    if member != request.user and EmailAddress.objects.filter(user=member, verified=True).exists():
        logout(request)
        messages.info(request, _("Sign in to the account that this address was added to."))
        return redirect_to_login(request.path)
    response: HttpResponse = allauth.confirm_email(request, key=key)
    return response


def _save(member: User, form: ProfileForm) -> bool:
    """Whether it was saved; else the form says why not."""
    try:
        profiles.update_profile(actor=member, **form.cleaned_data)
    except DomainError as refusal:
        form.refuse(refusal)
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def password_by_mail(request: MemberRequest) -> HttpResponse:
    """The first password of a member who has none: by a link to their address, as a lost one.

    A form here would let anybody who finds an open session choose it.
    """
    if request.user.has_usable_password():
        return redirect("account_change_password")
    address = EmailAddress.objects.get_primary_email(request.user) or request.user.email
    if request.method == "POST" and address:
        refusal: HttpResponse | None = ratelimit.consume_or_429(
            request, action="reset_password", key=address
        )
        if refusal:
            return refusal
        form = ResetPasswordForm({"email": address})
        if form.is_valid():
            form.save(request)
            return see_other(reverse("account_reset_password_done"))
    return render_page(request, "account/password_set.html", {"address": address})


@require_POST
@member_required
def picture_remove(request: MemberRequest) -> HttpResponse:
    """Back to one's initials."""
    profiles.remove_picture(actor=request.user)
    messages.success(request, _("Your picture is removed."))
    return see_other(reverse("accounts:profile_edit"))


@require_safe
@cache_control(public=True, max_age=A_YEAR, immutable=True)
def picture(request: HttpRequest, name: str) -> FileResponse:
    """A member's picture, for as long as it is theirs: another one has another name."""
    try:
        file = default_storage.open(f"pictures/{name}.webp")
    except FileNotFoundError as gone:
        raise Http404 from gone
    return FileResponse(file, content_type="image/webp")
