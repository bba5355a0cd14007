"""Nothing asks for the rows of one transaction: ``audit_logs_xact_ix`` cost every write for it.

Only a database from before ``0001_initial`` was put together has it.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL("DROP INDEX IF EXISTS audit_logs_xact_ix", migrations.RunSQL.noop)
    ]
