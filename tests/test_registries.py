"""A registry that forgot a member of what it is about fails here, not on somebody's page."""

from collections.abc import Collection
from typing import get_args

import pytest
from django.template.loader import get_template, render_to_string

from accounts.models import User
from accounts.preferences import THEMES
from accounts.templatetags.accounts import ROLE_ICONS, THEME_ICONS
from dao_portal.core import options
from dao_portal.core.actions import Action
from dao_portal.core.models import Setting
from dao_portal.core.registry import by_key
from dao_portal.core.services.retention import KEEP_OPTIONS
from dao_portal.core.templatetags.portal import icon
from governance import outcome
from governance.management.snapshot import CHOICES
from governance.models import Proposal, Vote
from governance.selectors import member_list, proposal_list, vote_card, vote_list
from governance.templatetags.governance import ICONS
from governance.wording import REASONS
from social.notices.registry import NOTICES
from social.selectors import comment_list

# registry: what it holds, and the members of what it is about
REGISTRIES: dict[str, tuple[Collection[str], Collection[str]]] = {
    "parsers of options": (options.PARSERS, Setting.Type.values),
    "signs of choices": (ICONS, Vote.Choice.values),
    "choices of an import": (CHOICES.values(), Vote.Choice.values),
    "signs of themes": (THEME_ICONS, THEMES),
    "signs of roles": (ROLE_ICONS, {*User.Role.values} - {User.Role.USER}),
    "words for reasons": (REASONS, [*outcome.Reason]),
    "orders of comments": (comment_list.ORDERS, comment_list.Sort.values),
    "orders of votes": (vote_list.ORDERS, vote_list.SORTS),
    "orders of few members": (member_list.ORDERS_OF_FEW, member_list.SORTS),
    "tabs of members": (member_list.TAB_LABELS, member_list.SHOWN),
    "tabs of proposals": (proposal_list.TAB_LABELS, proposal_list.STATUS_FILTERS),
}


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_registry_holds_every_member_of_what_it_is_about(registry):
    held, members = REGISTRIES[registry]

    assert len(members) > 0
    assert sorted(held) == sorted(members)


def test_registry_refuses_a_key_that_is_declared_twice():
    assert by_key(["ada", "mira"], key=len) == {3: "ada", 4: "mira"}
    with pytest.raises(ValueError, match="3 is declared twice"):
        by_key(["ada", "mira", "eve"], key=len)


@pytest.mark.parametrize(
    "sign",
    [
        *(notice.icon for notice in NOTICES.values()),
        *ICONS.values(),
        *THEME_ICONS.values(),
        *ROLE_ICONS.values(),
    ],
)
def test_every_sign_can_be_drawn(sign):
    assert icon(sign, size=16).startswith("<svg")


def test_every_notice_is_of_a_known_action():
    assert {*NOTICES} <= {*Action}
    assert all(isinstance(kind, Action) for kind in NOTICES)


def test_every_option_has_a_default_that_it_would_take():
    for option in options.OPTIONS.values():
        default = str(option.default)
        text = default.lower() if option.type == Setting.Type.BOOLEAN else default
        assert option.parse(text) == option.default


def test_every_keep_option_is_an_option():
    assert {*KEEP_OPTIONS.values()} <= {*options.OPTIONS}


@pytest.mark.parametrize("state", get_args(vote_card.State))
def test_every_state_of_the_vote_card_has_its_template(state):
    get_template(vote_card.VoteCard(state).template)


def test_every_phase_in_which_the_card_is_fixed_has_a_state():
    assert {*vote_card.FIXED_STATES.values()} <= {*get_args(vote_card.State)}


@pytest.mark.parametrize("phase", Proposal.Phase)
def test_every_phase_has_its_chip(phase):
    assert 'class="chip c-' in render_to_string("components/chip.html", {"phase": phase})
