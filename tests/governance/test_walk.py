"""What a member's walk through a vote asks of the database, table by table."""

import re
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import UserFactory, cast, open_proposal_with

pytestmark = pytest.mark.django_db

CARD = {"HX-Request": "true", "HX-Target": "vote"}
MOST = {"proposals": 2, "votes": 3, "power_snapshots": 2}


def reads(captured: list[dict[str, str]]) -> Counter[str]:
    """How many statements read each table."""
    return Counter(
        table
        for query in captured
        for table in MOST
        if query["sql"].startswith("SELECT") and re.search(rf'(FROM|JOIN) "{table}"', query["sql"])
    )


@pytest.mark.parametrize("headers", [CARD, {}], ids=["htmx", "plain"])
@pytest.mark.parametrize("again", [False, True], ids=["first", "changed"])
@pytest.mark.parametrize(("step", "answers"), [("review", {200}), ("confirm", {200, 303})])
def test_a_step_reads_each_table_seldom(client, headers, again, step, answers):
    ada = UserFactory()
    proposal = open_proposal_with({ada: 60})
    replaces = cast(proposal, ada, "no").receipt(proposal.fingerprint) if again else ""
    client.force_login(ada)
    sent = {"choice": "yes", "reason": "Because.", "replaces": replaces, "step": step}

    with CaptureQueriesContext(connection) as asked:
        response = client.post(f"{proposal.get_absolute_url()}vote/", sent, headers=headers)

    assert response.status_code in answers
    counts = reads(asked.captured_queries)
    assert set(counts) == set(MOST)
    assert all(counts[table] <= most for table, most in MOST.items()), counts
