"""Puts the demo into the database, and keeps two of its votes open at every start."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Profile, User
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.db.base import database_now, new_keys
from dao_portal.core.errors import DomainError
from dao_portal.core.markdown import render_markdown
from dao_portal.core.models import Setting
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services import options
from governance.models import Proposal
from governance.rules import current_rules
from governance.services import advancing, history, opening, proposals, votes
from treasury.models import Token
from treasury.services import holdings

from .coming_texts import DRAFT, UPCOMING_TEXTS
from .decided_texts import DECIDED
from .discussions import MARK, start_discussions
from .open_texts import OPEN_TEXTS
from .people import NEIGHBOURS, PASSWORD, PEOPLE, Person
from .profile_texts import PROFILES
from .texts import Choice, Decided, Said, Text
from .treasury import fill_treasury

OPEN_AT_LEAST = timedelta(days=5)
OPEN_VOTES = 2
OPENS_IN = timedelta(days=3)
DRAFT_OPENS_IN = timedelta(days=8)
PUBLISHED_BEFORE = timedelta(days=3)  # so long has an open vote been talked about

# So that a visitor can draft, publish, and see a vote open and close within minutes.
OPTIONS = {
    "governance.notice_minutes": "0",
    "governance.voting_minutes_min": "5",
    "governance.quorum": "20 %",
    "governance.approval": "3/5",
}
TOKEN = "DPT"  # noqa: S105


class NotTheDemo(DomainError):
    """This database belongs to a community that is not the demo."""


@dataclass(frozen=True)
class Seeded:
    """What one run added."""

    members: int
    proposals: list[Proposal]


def seed_demo() -> Seeded:
    """Fill the demo, or bring it up to date; a run that finds it fresh changes nothing.

    All or nothing, one run at a time. Afterwards at least OPEN_VOTES of its votes stay open for
    OPEN_AT_LEAST, one is upcoming, and whoever has to be told of an opening has been.
    Raises NotTheDemo.
    """
    advancing.advance_proposals()  # the portal may have slept over an opening or a closing
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('seed_demo'))")
        _refuse_other_communities()
        _set_options()
        new_members = _add_people()
        people = {user.username: user for user in User.objects.filter(username__in=_names())}
        written = [
            *_add_decided(people),
            *_keep_open(people),
            *_keep_upcoming(people),
            *_add_draft(people),
        ]
        _add_profiles(people)
        fill_treasury(people)
        start_discussions(people, now=database_now())
    deliver_due_events()
    return Seeded(members=new_members, proposals=written)


def votes_left_open() -> QuerySet[Proposal]:
    """The demo's votes that stay open for OPEN_AT_LEAST from now."""
    return Proposal.objects.open().filter(
        source=Proposal.Source.PORTAL,
        source_id__startswith=MARK,
        voting_end__gte=Now() + OPEN_AT_LEAST,
    )


def _refuse_other_communities() -> None:
    """Its administrator's password is known to everybody: only into an empty portal with it."""
    if User.objects.filter(email__in=[person.email for person in PEOPLE]).exists():
        return
    if User.objects.filter(role=User.Role.ADMIN, is_active=True).exists():
        raise NotTheDemo(
            _(
                "This portal has an administrator of its own, so it gets no demo accounts. Start "
                "with DAO_DEMO=0, or use another DAO_STATE_DIR for the demo."
            )
        )


def _set_options() -> None:
    """What nobody has decided yet is decided for the demo; later decisions stay."""
    decided = set(Setting.objects.filter(key__in=OPTIONS).values_list("key", flat=True))
    for key, value in OPTIONS.items():
        if key not in decided:
            options.set_option(key, value, actor=None)
    clear_option_cache()


# --- people -----------------------------------------------------------------------------------


def _names() -> list[str]:
    return [person.username for person in PEOPLE]


def _add_people() -> int:
    """Members, their verified addresses and what they hold; how many were new."""
    here = set(User.objects.filter(username__in=_names()).values_list("username", flat=True))
    new = [person for person in PEOPLE if person.username not in here]
    if not new:
        return 0
    password = make_password(PASSWORD)  # slow by design, so once for all of them
    users = User.objects.bulk_create(
        _member(person, password, key) for person, key in zip(new, new_keys(len(new)), strict=True)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    token = _token()
    for person, user in zip(new, users, strict=True):
        holdings.set_holding(user=user, token=token, balance=person.held, staked=person.staked)
    return len(users)


def _member(person: Person, password: str, key: UUID) -> User:
    first_name, _space, last_name = person.name.partition(" ")
    return User(
        id=key,
        username=person.username,
        first_name=first_name,
        last_name=last_name,
        email=person.email,
        email_verified=True,
        role=person.role,
        password=password if person.can_sign_in else make_password(None),
    )


def _token() -> Token:
    token, _created = Token.objects.get_or_create(
        symbol=TOKEN,
        defaults={
            "name": _("Commons token"),
            "description": _("The community's own token: each one, held or staked, is one vote."),
            "total_supply": 20_000_000,
            "circulating_supply": sum(person.total for person in PEOPLE),
        },
    )
    return token


def _add_profiles(people: Mapping[str, User]) -> None:
    """What members say of themselves; who has a profile keeps it as it is."""
    written = Profile.objects.filter(user__username__in=PROFILES)
    here = set(written.values_list("user__username", flat=True))
    Profile.objects.bulk_create(
        Profile(
            user=people[username],
            bio=about.bio,
            bio_html=render_markdown(about.bio),
            website=about.website,
            twitter=about.twitter,
            discord=about.discord,
            telegram=about.telegram,
        )
        for username, about in PROFILES.items()
        if username not in here
    )


# --- votes ------------------------------------------------------------------------------------


def lot(*words: str) -> int:
    """A number from 0 to 99 that is the same in every demo: chance without surprises."""
    return zlib.crc32(" ".join(words).encode()) % 100


def votes_on(text: Text) -> list[Said]:
    """Who votes on ``text``, and how."""
    spoken_for = {*text.absent, *(said.username for said in text.said)}
    crowd = [
        Said(person.username, _crowd_choice(text, person.username))
        for person in NEIGHBOURS
        if person.username not in spoken_for
        and person.total < text.crowd.below
        and lot(text.slug, person.username, "comes") < text.crowd.turnout
    ]
    return [*text.said, *crowd]


def _crowd_choice(text: Text, username: str) -> Choice:
    drawn = lot(text.slug, username, "says")
    if drawn < text.crowd.yes:
        return "yes"
    return "no" if drawn < text.crowd.yes + text.crowd.no else "abstain"


# --- proposals --------------------------------------------------------------------------------

People = Mapping[str, User]


def _add_decided(people: People) -> Iterable[Proposal]:
    """History: one passed, one rejected, one expired. Made once, as of the demo's first start."""
    for decided in DECIDED:
        if not Proposal.objects.filter(
            source=Proposal.Source.DEMO, source_id=decided.text.slug
        ).exists():
            yield _write_decided(decided, people, now=database_now())


def _write_decided(decided: Decided, people: People, *, now: datetime) -> Proposal:
    text, rules = decided.text, current_rules()
    assert rules.token  # made with the people
    end = now - timedelta(days=decided.closed_days_ago)
    start = end - timedelta(days=text.days)
    body = text.body.strip()
    proposal = Proposal(
        source=Proposal.Source.DEMO,
        source_id=text.slug,
        proposer=people[text.author],
        title=text.title,
        description=body,
        description_html=render_markdown(body),
        published_at=start - timedelta(days=2),
        voting_start=start,
        voting_end=end,
    )
    proposal.save()
    proposal.refresh_from_db()  # the database gave it a number
    total_power = opening.snapshot_power(proposal, token_id=rules.token.pk)
    history.write_history(
        actor=None,
        proposal=proposal,
        rule=rules.freeze(total_power),
        votes=[
            history.PastVote(
                voter_id=people[said.username].pk,
                choice=said.choice,
                cast_at=start + (end - start) * lot(text.slug, said.username, "when") / 100,
                reason=said.reason,
            )
            for said in votes_on(text)
        ],
    )
    return proposal


def _keep_open(people: People) -> Iterable[Proposal]:
    """Fresh votes until OPEN_VOTES are open long enough; what is open already is left alone."""
    for _missing in range(OPEN_VOTES - votes_left_open().count()):
        text = _least_used(OPEN_TEXTS)
        now = database_now()
        proposal = _publish(text, people, start=now + timedelta(hours=1))
        # The rule that the demo bends: its notice has passed, and it does not wait for the window.
        Proposal.objects.filter(pk=proposal.pk).update(
            published_at=now - PUBLISHED_BEFORE, voting_start=Now()
        )
        opening.open_proposal(proposal_id=proposal.pk)
        yield proposal
    for proposal in votes_left_open():
        _let_neighbours_vote(proposal, people)


def _let_neighbours_vote(proposal: Proposal, people: People) -> None:
    """Also on what was upcoming at an earlier start and has opened since."""
    if proposal.votes.exists():
        return
    texts = {_mark(text): text for text in (*OPEN_TEXTS, *UPCOMING_TEXTS)}
    text = texts.get(proposal.source_id.rpartition("-")[0])
    for said in votes_on(text) if text else ():
        votes.cast_vote(
            actor=people[said.username],
            proposal_id=proposal.pk,
            choice=said.choice,
            reason=said.reason,
        )


def _keep_upcoming(people: People) -> Iterable[Proposal]:
    """One that has not opened yet."""
    if (
        not Proposal.objects.in_phase(Proposal.Phase.UPCOMING)
        .filter(source_id__startswith=MARK)
        .exists()
    ):
        yield _publish(_least_used(UPCOMING_TEXTS), people, start=database_now() + OPENS_IN)


def _add_draft(people: People) -> Iterable[Proposal]:
    """One that only its author sees; made once, whatever becomes of it."""
    source_id = f"{_mark(DRAFT)}-1"
    if not Proposal.objects.filter(source_id=source_id).exists():
        yield _draft(DRAFT, people, source_id, start=database_now() + DRAFT_OPENS_IN)


def _publish(text: Text, people: People, *, start: datetime) -> Proposal:
    source_id = f"{_mark(text)}-{_uses(text) + 1}"
    draft = _draft(text, people, source_id, start=start)
    return proposals.publish_proposal(actor=people[text.author], proposal_id=draft.pk)


def _draft(text: Text, people: People, source_id: str, *, start: datetime) -> Proposal:
    content = proposals.Content(
        title=text.title,
        description=text.body,
        voting_start=start,
        voting_end=start + timedelta(days=text.days),
    )
    draft = proposals.create_draft(actor=people[text.author], content=content)
    Proposal.objects.filter(pk=draft.pk).update(source_id=source_id)
    draft.refresh_from_db()
    return draft


def _mark(text: Text) -> str:
    return f"{MARK}{text.slug}"


def _uses(text: Text) -> int:
    """How often the demo has published ``text``."""
    return Proposal.objects.filter(source_id__startswith=f"{_mark(text)}-").count()


def _least_used(texts: tuple[Text, ...]) -> Text:
    return min(texts, key=_uses)
