"""What the help says of this community's own rule."""

import pytest

from dao_portal.core.services.options import set_option
from governance.selectors.voting_help import voting_help

pytestmark = pytest.mark.django_db


def test_help_explains_the_communitys_own_rule():
    set_option("governance.approval", "2/3", actor=None)
    set_option("governance.quorum_mode", "turnout", actor=None)

    page = voting_help()

    assert (page.approval, page.quorum_title) == ("2/3", "Quorum, counted from every vote")
    examples = {(e.yes, e.no, e.abstain): e.status for e in page.examples}
    assert examples[60, 40, 40] == "rejected"
    assert examples[70, 20, 40] == "passed"
