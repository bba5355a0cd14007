"""One's own profile, and allauth's forms in the portal's words (labels and hints only)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dao_portal.core.db.base import new_keys
from dao_portal.core.errors import DomainError
from dao_portal.core.markdown import TextTooLarge
from dao_portal.core.once import AlreadySent, claim, made_before, read_key
from dao_portal.core.text import one_line, validate_one_line
from dao_portal.core.web.htmx import HtmxRequest, render_page
from dao_portal.core.web.http import see_other

from .links import count_own_link
from .models import NameTaken, Profile, User
from .names import validate_display_name
from .pictures import MAX_BYTES, square_picture
from .preferences import THEMES, zone_choices
from .selectors import addresses, names
from .services import members, profiles

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAMES = ("first_name", "last_name")
FILL_IN = _("Please fill this in.")
TOO_LONG = _("An e-mail address has at most 254 characters, and this one has more.")
PASSWORD_HINT = _("At least 12 characters. Four random words do well.")


def _forgot_link() -> str:
    return format_html(
        '<a href="{}">{}</a>', reverse("account_reset_password"), gettext("Forgot your password?")
    )


FORGOT = lazy(_forgot_link, str)()


class PlainWords(forms.Form):
    """The portal's labels and hints. No placeholders: they repeat the label, then vanish."""

    labels: ClassVar[dict[str, StrOrPromise]] = {}
    hints: ClassVar[dict[str, StrOrPromise]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs.pop("maxlength", None)  # browsers cut what is pasted, without a word
            if isinstance(field, forms.EmailField):
                field.error_messages["max_length"] = TOO_LONG
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            field.error_messages["required"] = FILL_IN


class LoginForm(PlainWords, allauth.LoginForm):
    labels: ClassVar = {
        "login": _("Username or e-mail"),
        "password": _("Password"),
        "remember": _("Keep me signed in"),
    }
    hints: ClassVar = {"password": FORGOT}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class SignupForm(PlainWords, allauth.SignupForm):
    labels: ClassVar = {
        "email": _("E-mail"),
        "username": _("Username"),
        "password1": _("Password"),
    }
    hints: ClassVar = {
        "username": _("Public. Letters, digits, dots, dashes and underscores."),
        "password1": PASSWORD_HINT,
    }
    sent_again = False

    def validate_unique_email(self, email: str) -> str:
        """Whether it is somebody's is not said: the account is made, and the mail tells."""
        return email

    def full_clean(self) -> None:
        """Judge what was typed, but not a form that has made its account: of course its username
        is taken. That is asked last, for the first sending may end meanwhile.
        """
        super().full_clean()
        if not self.is_bound:
            return
        try:
            self.sent_again = made_before(**self._once()) is not None
        except AlreadySent as other_words:
            self.add_error(None, str(other_words))
        if self.sent_again:
            self._errors = ErrorDict()

    def try_save(self, request: HtmxRequest) -> tuple[User | None, HttpResponse | None]:
        """Make the account, all of it or nothing; a form that is sent twice makes one.

        Whether the address was known before, and whether this is the second sending, changes
        nothing of the answer.
        """
        adapter = get_adapter(request)
        try:
            with transaction.atomic():
                (new,) = new_keys(1)
                if self.sent_again or claim(**self._once(), result=new) != new:
                    return None, adapter.respond_email_verification_sent(request, None)
                saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
                return saved
        except AlreadySent as other_words:  # which were sent at this very moment
            messages.error(request, str(other_words))
            return None, see_other(reverse("account_signup"))
        except NameTaken as refusal:  # by somebody else, at this very moment
            self.add_error("username", str(refusal))
            return None, render_page(request, "account/signup.html", {"form": self}, status=422)

    def save(self, request: HttpRequest) -> User:
        typed = self.cleaned_data
        return members.sign_up(
            username=typed["username"], email=typed["email"], password=typed["password1"]
        )

    def _once(self) -> dict[str, Any]:
        sent = [str(self.data.get(name, "")).strip().lower() for name in ("email", "username")]
        return {"key": read_key(self.data), "form": "sign-up", "actor": None, "sent": sent}


class AddEmailForm(PlainWords, allauth.AddEmailForm):
    labels: ClassVar = {"email": _("New address")}
    hints: ClassVar = {
        "email": _("We send a link to it. It counts only after you have opened that link."),
    }

    def save(self, request: HttpRequest) -> EmailAddress:
        address: str = self.cleaned_data["email"]
        may_mail = count_own_link(request, member=self.user, address=address)
        return EmailAddress.objects.add_email(request, self.user, address, confirm=may_mail)


class ResetPasswordForm(PlainWords, allauth.ResetPasswordForm):
    labels: ClassVar = {"email": _("E-mail")}

    def clean_email(self) -> str:
        """Find whose it is, which allauth asks of what is only written down as well."""
        email: str = get_adapter().clean_email(self.cleaned_data["email"].lower())
        self.users = [member for member in addresses.members_at(email) if member.is_active]
        return email


class ResetPasswordKeyForm(PlainWords, allauth.ResetPasswordKeyForm):
    labels: ClassVar = {"password1": _("New password"), "password2": _("New password again")}
    hints: ClassVar = {"password1": PASSWORD_HINT}


class ChangePasswordForm(PlainWords, allauth.ChangePasswordForm):
    labels: ClassVar = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password again"),
    }
    hints: ClassVar = {"password1": PASSWORD_HINT}

    def clean_oldpassword(self) -> str:
        """As at the sign-in, with the same count of wrong ones."""
        password: str = self.cleaned_data["oldpassword"]
        adapter = get_adapter()
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("enter_current_password")
        return password


class SetPasswordForm(PlainWords, allauth.SetPasswordForm):
    labels: ClassVar = {"password1": _("Password"), "password2": _("Password again")}
    hints: ClassVar = {"password1": PASSWORD_HINT}


class ReauthenticateForm(PlainWords, allauth.ReauthenticateForm):
    labels: ClassVar = {"password": _("Password")}
    hints: ClassVar = {"password": FORGOT}


def validate_website(address: str) -> None:
    """Whatever stands before an @ is no host, and made to look like one."""
    validate_one_line(address)
    if "@" in urlsplit(address).netloc:
        raise forms.ValidationError(_("Leave out what stands before the @ in this address."))


class LineField(forms.CharField):
    """Words on one line: composed, with single spaces, and nothing that cannot be seen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[validate_one_line], **kwargs)

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class ZoneSelect(forms.Select):
    """A <select> of several hundred options: Django's own renders a template for each of them."""

    template_name = "accounts/parts/zone_select.html"


class ProfileForm(forms.ModelForm[Profile]):
    """One's own profile: name, words, picture, links and preferences. Saving is the service's."""

    first_name = LineField(label=_("First name"), max_length=150, required=False)
    last_name = LineField(label=_("Last name"), max_length=150, required=False)
    bio = forms.CharField(
        label=_("About you"),
        help_text=_("Markdown works. Up to 600 characters."),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    picture = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG or WebP up to 2 MB. We keep its middle, 256 pixels wide."),
        required=False,
        error_messages={"empty": _("This file is empty. Choose another one.")},
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    website = forms.URLField(
        label=_("Website"),
        max_length=200,
        required=False,
        assume_scheme="https",
        error_messages={"invalid": _("Write the whole address, such as https://example.org.")},
        validators=[validate_website],
    )
    twitter = LineField(label=_("X or Twitter"), max_length=64, required=False)
    discord = LineField(label=_("Discord"), max_length=64, required=False)
    telegram = LineField(label=_("Telegram"), max_length=64, required=False)
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES, widget=forms.RadioSelect)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Every time on the portal is shown in it, and read in it when you type one."),
        error_messages={"invalid_choice": _("Choose one of the listed time zones.")},
        widget=ZoneSelect,
    )
    # Of which saved profile this is a change: that another window did not save a newer one.
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Profile
        fields = ("bio", "website", "twitter", "discord", "telegram")

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[Any]] | None = None,
        *,
        member: User,
        theme: str,
    ) -> None:
        """``theme`` is the one that this browser shows now."""
        profile = Profile.objects.filter(user=member).first() or Profile(
            user=member, **dict.fromkeys(self.Meta.fields, "")
        )
        initial = {
            "first_name": member.first_name,
            "last_name": member.last_name,
            "theme": theme,
            "time_zone": profile.preferences.get("time_zone", "UTC"),
            "version": profiles.version_of(profiles.written_profile(member, profile)),
        }
        super().__init__(data, files, instance=profile, initial=initial)
        self.fields["time_zone"].choices = zone_choices(timezone.now())  # type: ignore[attr-defined]

    def clean_picture(self) -> bytes | None:
        """The picture as the portal keeps it."""
        file = self.cleaned_data["picture"]
        if file is None:
            return None
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("This picture is larger than 2 MB. Choose a smaller one.")
            )
        try:
            profiles.count_picture(actor=self.instance.user)
            return square_picture(file.read())
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean_version(self) -> str | None:
        return self.cleaned_data["version"] or None

    def clean(self) -> None:
        super().clean()
        self._clean_name()
        self._ask_for_picture_again()

    def refuse(self, refusal: DomainError) -> None:
        """Show why it could not be saved, at the field that it is about."""
        field = refusal.field if isinstance(refusal, NameTaken) else None
        if isinstance(refusal, profiles.ProfileChanged):
            self._show_beside(refusal)
        self.add_error("bio" if isinstance(refusal, TextTooLarge) else field, str(refusal))
        self._ask_for_picture_again()

    def _show_beside(self, other: profiles.ProfileChanged) -> None:
        """Say at each field what the other window saved, and let the next saving replace it."""
        self.data = {**dict(self.data.items()), "version": other.version}
        for name, saved in other.standing.items():
            if name in self.cleaned_data and saved != self.cleaned_data[name]:
                words = gettext("Saved in the other window: %(saved)s") % {"saved": saved}
                self.add_error(name, words if saved else gettext("Empty in the other window."))

    def _clean_name(self) -> None:
        """A new name must be one that may be chosen; who has one already may keep it."""
        changed = set(NAMES) & set(self.changed_data)
        if not changed or set(NAMES) & set(self.errors):
            return
        try:
            typed = {name: self.cleaned_data[name] for name in NAMES}
            validate_display_name(**typed)
            names.validate_no_office_of_a_member(" ".join(typed.values()))
        except forms.ValidationError as error:
            self.add_error("first_name", error)

    def _ask_for_picture_again(self) -> None:
        if self.errors and self.cleaned_data.get("picture"):
            self.add_error("picture", gettext("Choose the picture again: it was not kept."))
