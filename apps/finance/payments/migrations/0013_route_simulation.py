from django.db import migrations, models


class Migration(migrations.Migration):
    """Who may ask the simulator of routes. No table: nothing is kept."""

    dependencies = [("payments", "0012_card_facts")]

    operations = [
        migrations.CreateModel(
            name="RouteSimulation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "verbose_name": "route simulation",
                "managed": False,
                "default_permissions": ("view",),
            },
        ),
    ]
