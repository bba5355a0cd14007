"""Writing, publishing and withdrawing a proposal, and deleting a draft."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.signed_in import MemberRequest, member_required
from dao_portal.core.brakes import TooOften
from dao_portal.core.db.base import database_now
from dao_portal.core.errors import DomainError
from dao_portal.core.markdown import TextTooLarge, render_markdown
from dao_portal.core.once import made_before, read_key
from dao_portal.core.web.htmx import render_page
from dao_portal.core.web.http import see_other

from ..errors import (
    ChangedMeanwhile,
    NotADraft,
    NotEditable,
    NotPublishable,
    NotThere,
    TooLateToWithdraw,
)
from ..forms import ProposalForm
from ..models import MAX_TEXT, Proposal
from ..rules import current_rules
from ..selectors import proposal_detail, publishing_checks
from ..services import proposals

form_methods = require_http_methods(["GET", "HEAD", "POST"])
EDITOR_STEPS = ("write", "preview")


@form_methods
@member_required
def proposal_create(request: MemberRequest) -> HttpResponse:
    """Write a draft."""
    return _write(request, None)


@form_methods
@member_required
def proposal_edit(request: MemberRequest, number: int) -> HttpResponse:
    """Change a draft, or a published proposal before voting opens."""
    proposal = _own_proposal(request, number)
    if request.method != "POST" and not proposal.is_editable:
        messages.error(request, NotEditable.message)
        return see_other(proposal.get_absolute_url())
    return _write(request, proposal)


def _write(request: MemberRequest, proposal: Proposal | None) -> HttpResponse:
    """The form. ``step`` is write or preview (turn the editor over), check (only look) or save."""
    step = request.POST.get("step", "save")
    if request.method != "POST":
        return _show_form(request, ProposalForm(proposal=proposal), proposal)
    if step in EDITOR_STEPS:
        typed = ProposalForm(proposal=proposal, typed=request.POST.dict())
        return _show_form(request, typed, proposal, preview=step == "preview")
    form = ProposalForm(request.POST, proposal=proposal)
    if form.is_valid() and step == "check":
        checks = _check(request, form)
        return _show_form(request, form, proposal, checks=checks, status=200 if checks else 422)
    if form.is_valid():
        saved = _save(request, form, proposal)
        if saved:
            return see_other(saved.get_absolute_url())
    return _show_form(request, form, proposal, status=422)


def _save(request: MemberRequest, form: ProposalForm, proposal: Proposal | None) -> Proposal | None:
    """The saved proposal, or None with the refusal on the form."""
    actor, content = request.user, form.content()
    try:
        if proposal is None:
            saved = proposals.create_draft(actor=actor, content=content, key=read_key(request.POST))
        else:
            saved = proposals.edit_proposal(
                actor=actor,
                proposal_id=proposal.pk,
                content=content,
                version=form.cleaned_data["version"] or None,
            )
    except DomainError as refusal:
        form.add_refusal(refusal)
        if isinstance(refusal, ChangedMeanwhile):
            form.read_again(refusal.version)
        return None
    if saved.status == Proposal.Status.DRAFT:
        messages.success(request, _("Draft saved. Only you can see it."))
    else:
        messages.success(request, _("Saved. Everyone reads the new version now."))
    saved.refresh_from_db(fields=["number"])
    return saved


def _check(request: MemberRequest, form: ProposalForm) -> list[publishing_checks.Check]:
    """What publishing would ask for, were this saved; nothing, with the refusal on the form."""
    author = request.user
    draft = Proposal(proposer=author)
    draft.db_now = database_now()  # type: ignore[attr-defined]  # what is no row brought no clock
    try:
        proposals.count_preview(actor=author)
        form.content().write_to(draft)
    except (TextTooLarge, TooOften) as refusal:
        form.add_refusal(refusal)
        return []
    return publishing_checks.publishing_checks(draft, author, current_rules())


def _show_form(
    request: MemberRequest,
    form: ProposalForm,
    proposal: Proposal | None,
    *,
    preview: bool = False,
    checks: list[publishing_checks.Check] | None = None,
    status: int = 200,
) -> HttpResponse:
    rules = current_rules()
    context = {
        "form": form,
        "proposal": proposal,
        "rules": rules,
        "notice": publishing_checks.spell_duration(rules.notice) if rules.notice else "",
        "power": publishing_checks.publishing_power(request.user, rules),
        "checks": checks,
    } | (_preview(request.user, form) if preview else {"preview": None})
    return render_page(
        request, "governance/proposal_form.html", context, partials=("editor",), status=status
    )


def _preview(author: User, form: ProposalForm) -> dict[str, str]:
    """The text as it will be shown, or why it cannot be."""
    text = form["description"].value() or ""
    try:
        proposals.count_preview(actor=author)
        return {"preview": render_markdown(text[:MAX_TEXT])}
    except (TextTooLarge, TooOften) as refusal:
        return {"preview": "", "preview_refusal": str(refusal)}


@form_methods
@member_required
def proposal_publish(request: MemberRequest, number: int) -> HttpResponse:
    """Look once more at what everybody will see, then publish."""
    proposal = _own_proposal(request, number)
    if proposal.status != Proposal.Status.DRAFT:
        return see_other(proposal.get_absolute_url())
    refused, too_often = False, ""
    if request.method == "POST":
        try:
            proposals.publish_proposal(
                actor=request.user,
                proposal_id=proposal.pk,
                version=request.POST.get("version"),
            )
        except ChangedMeanwhile:
            messages.error(
                request,
                _("This draft was changed in another window. Look once more, then publish it."),
            )
            return see_other(request.path)
        except NotPublishable:
            refused = True  # the list of checks says why
        except TooOften as refusal:
            refused, too_often = True, str(refusal)
        except NotThere as gone:
            raise Http404 from gone
        else:
            messages.success(request, _("Published. Voting opens by itself."))
            return see_other(proposal.get_absolute_url())
    checks = publishing_checks.publishing_checks(proposal, proposal.proposer, current_rules())
    context = {
        "proposal": proposal,
        "rules": proposal_detail.rule_lines(proposal),
        "checks": checks,
        "ready": all(check.met for check in checks),
        "refused": refused,
        "too_often": too_often,
    }
    status = 422 if refused else 200
    return render_page(request, "governance/proposal_publish.html", context, status=status)


@form_methods
@member_required
def proposal_withdraw(request: MemberRequest, number: int) -> HttpResponse:
    """Take a published proposal back before voting opens, after a second thought."""
    proposal = _own_proposal(request, number)
    if request.method == "POST":
        try:
            proposals.withdraw_proposal(actor=request.user, proposal_id=proposal.pk)
        except TooLateToWithdraw as refusal:
            messages.error(request, refusal.message)
        except NotThere as gone:
            raise Http404 from gone
        else:
            messages.success(request, _("Withdrawn. It stays readable."))
        return see_other(proposal.get_absolute_url())
    if proposal.phase != Proposal.Phase.UPCOMING:
        messages.error(request, TooLateToWithdraw.message)
        return see_other(proposal.get_absolute_url())
    return render_page(request, "governance/proposal_withdraw.html", {"proposal": proposal})


@require_POST
@member_required
def proposal_again(request: MemberRequest, number: int) -> HttpResponse:
    """Start a new draft from what came to nothing, and choose its window."""
    proposal = _own_proposal(request, number)
    try:
        draft = proposals.copy_proposal(
            actor=request.user, proposal_id=proposal.pk, key=read_key(request.POST)
        )
    except DomainError as refusal:  # also a limit, or a text from before today's rules
        messages.error(request, str(refusal))
        return see_other(proposal.get_absolute_url())
    draft.refresh_from_db(fields=["number"])
    messages.success(request, _("Copied to a new draft. Only you can see it."))
    return see_other(reverse("governance:proposal_edit", args=[draft.number]))


@form_methods
@member_required
def proposal_delete(request: MemberRequest, number: int) -> HttpResponse:
    """Throw a draft away, after a second thought."""
    key = read_key(request.POST)
    if made_before(key, form=proposals.DELETION, actor=request.user, sent=()):
        return see_other(reverse("governance:proposal_list"))
    proposal = _own_proposal(request, number)
    if request.method == "POST":
        try:
            proposals.delete_draft(actor=request.user, proposal_id=proposal.pk, key=key)
        except NotADraft as refusal:
            messages.error(request, refusal.message)
            return see_other(proposal.get_absolute_url())
        except NotThere as gone:
            raise Http404 from gone
        messages.success(request, _("Draft deleted."))
        return see_other(reverse("governance:proposal_list"))
    if proposal.status != Proposal.Status.DRAFT:
        messages.error(request, NotADraft.message)
        return see_other(proposal.get_absolute_url())
    return render_page(request, "governance/proposal_delete.html", {"proposal": proposal})


def _own_proposal(request: MemberRequest, number: int) -> Proposal:
    """The member's own proposal, with the database's clock; 404 for anybody else's."""
    own = Proposal.objects.visible_to(request.user).filter(proposer=request.user)
    return get_object_or_404(own.select_related("proposer", "token"), number=number)
