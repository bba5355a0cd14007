"""No comment's HTML is larger than markdown.most_html() allows, also none from before that bound.

One that had become more is shown as its author typed it.
"""

from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

SQL = """
UPDATE comments
  SET content_html = '<pre><code>' || replace(replace(replace(
    content, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') || '</code></pre>'
  WHERE length(content_html) > 20 * length(content) + 2000;
"""
AT_MOST = Length("content") * 20 + 2000


class Migration(migrations.Migration):
    dependencies = [("social", "0006_keys_from_the_database")]

    operations = [
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=LessThanOrEqual(Length("content_html"), AT_MOST),
                name="comments_content_html_ck",
            ),
        ),
    ]
