"""Staff look people up by handle, on every brand at once."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0001_initial")]

    operations = [
        AddIndexConcurrently("profile", models.Index(Lower("handle"), name="profile_handle")),
    ]
