"""No member's words are larger as HTML than markdown.most_html() allows, also none from before.

Those that had become more are shown as they were typed.
"""

from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

SQL = """
UPDATE profiles
  SET bio_html = '<pre><code>' || replace(replace(replace(
    bio, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') || '</code></pre>'
  WHERE length(bio_html) > 20 * length(bio) + 2000;
"""
AT_MOST = Length("bio") * 20 + 2000


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_keys_from_the_database")]

    operations = [
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.CheckConstraint(
                condition=LessThanOrEqual(Length("bio_html"), AT_MOST),
                name="profiles_bio_html_ck",
            ),
        ),
    ]
