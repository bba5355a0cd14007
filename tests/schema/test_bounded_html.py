"""What the bound on a text's HTML does to rows from before it: each is shown as it was typed."""

from importlib import import_module

import pytest
from django.db import connection

from governance.models import Proposal
from tests.schema.rows import make_rows
from tests.sql import sql

pytestmark = pytest.mark.django_db

MIGRATIONS = {
    "proposals": ("governance.migrations.0007_bounded_html", "description", "description_html"),
    "comments": ("social.migrations.0007_bounded_html", "content", "content_html"),
    "profiles": ("accounts.migrations.0008_bounded_html", "bio", "bio_html"),
}
TYPED = '[a]: <script src="x">\n\n[a] & [a]'


@pytest.mark.parametrize("table", MIGRATIONS)
def test_what_had_become_too_large_is_shown_as_it_was_typed(table):
    make_rows()
    module, text, html = MIGRATIONS[table]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{html}_ck")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET {text} = %s, {html} = repeat('x', 1000000)", [TYPED])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(import_module(module).SQL)

    assert sql(f"SELECT DISTINCT {html} FROM {table}") == [
        ('<pre><code>[a]: &lt;script src="x"&gt;\n\n[a] &amp; [a]</code></pre>',)
    ]


def test_what_is_within_the_bound_stays_as_it_is():
    make_rows()
    before = Proposal.objects.values_list("description_html", "updated_at").get()

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(import_module(MIGRATIONS["proposals"][0]).SQL)

    assert Proposal.objects.values_list("description_html", "updated_at").get() == before
