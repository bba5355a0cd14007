"""No proposal's HTML is larger than markdown.most_html() allows, also none from before that bound.

One that had become more is shown as its author typed it. Nothing that is voted on changes, so the
guards of what is frozen look away.
"""

from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

SQL = """
ALTER TABLE proposals DISABLE TRIGGER USER;
UPDATE proposals
  SET description_html = '<pre><code>' || replace(replace(replace(
    description, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') || '</code></pre>'
  WHERE length(description_html) > 20 * length(description) + 2000;
ALTER TABLE proposals ENABLE TRIGGER USER;
"""
AT_MOST = Length("description") * 20 + 2000


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_keys_from_the_database")]

    operations = [
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=LessThanOrEqual(Length("description_html"), AT_MOST),
                name="proposals_description_html_ck",
            ),
        ),
    ]
