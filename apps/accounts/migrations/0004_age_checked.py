"""Judge the people there are, while others sign up."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_age")]

    operations = [ValidateConstraint("user", "user_age_known_since")]
