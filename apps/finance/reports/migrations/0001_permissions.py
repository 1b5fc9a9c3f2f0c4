from django.db import migrations, models


class Migration(migrations.Migration):
    """Who may read the reports. No table: they are read out of the books."""

    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={"managed": False, "default_permissions": ("view",)},
        ),
    ]
