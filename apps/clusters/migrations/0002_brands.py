"""The nine brands, and the public domain of each."""

from django.db import migrations

#: slug, name, audience, accent, text on it, accent as text on dark, accent as text on white.
#: The text colours are computed for a WCAG contrast of at least 4.5:1.
BRANDS = (
    ("fanzlab", "FanzLab", "Universal portal", "#9D4EFF", "#000000", "#9D4EFF", "#9744FF"),
    ("boyfanz", "BoyFanz", "Male creators", "#FF0040", "#000000", "#FF0040", "#EB003B"),
    ("girlfanz", "GirlFanz", "Female creators", "#FF0080", "#000000", "#FF0080", "#E60073"),
    ("daddyfanz", "DaddyFanz", "Dom/sub community", "#FFD700", "#000000", "#FFD700", "#8A7400"),
    ("pupfanz", "PupFanz", "Pup community", "#00FF40", "#000000", "#00FF40", "#008A23"),
    ("taboofanz", "TabooFanz", "Extreme (legal) content", "#0040FF", "#FFFFFF", "#4272FF", "#0040FF"),
    ("transfanz", "TransFanz", "Trans creators", "#00FFFF", "#000000", "#00FFFF", "#007F80"),
    ("cougarfanz", "CougarFanz", "Mature creators", "#FFAA00", "#000000", "#FFAA00", "#9E6900"),
    ("fanzcock", "FanzCock", "Short vertical video", "#FF1A1A", "#000000", "#FF1A1A", "#EB0000"),
)


def add_brands(apps, schema_editor):
    """Add what is missing; leave what is there as staff have made it."""
    Cluster = apps.get_model("clusters", "Cluster")
    Domain = apps.get_model("clusters", "Domain")
    for position, (slug, name, audience, accent, on_accent, dark, light) in enumerate(BRANDS, 1):
        cluster, _ = Cluster.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "audience": audience,
                "position": position,
                "accent": accent,
                "on_accent": on_accent,
                "accent_on_dark": dark,
                "accent_on_light": light,
                "is_portal": slug == "fanzlab",
            },
        )
        Domain.objects.get_or_create(
            host=f"{slug}.com", defaults={"cluster": cluster, "is_primary": True}
        )


class Migration(migrations.Migration):
    dependencies = [("clusters", "0001_initial")]

    operations = [migrations.RunPython(add_brands, migrations.RunPython.noop)]
