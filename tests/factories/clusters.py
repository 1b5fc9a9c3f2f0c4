"""Brands and domains beside the nine that every test database has."""

import factory

from apps.clusters.models import Cluster, Domain


class ClusterFactory(factory.django.DjangoModelFactory[Cluster]):
    class Meta:
        model = Cluster

    slug = factory.Sequence(lambda n: f"brand{n}")
    name = factory.LazyAttribute(lambda brand: brand.slug.title())
    audience = "Testers"
    position = factory.Sequence(lambda n: 100 + n)
    accent = "#123456"
    on_accent = "#FFFFFF"
    accent_on_dark = "#6699CC"
    accent_on_light = "#123456"


class DomainFactory(factory.django.DjangoModelFactory[Domain]):
    class Meta:
        model = Domain

    cluster = factory.SubFactory(ClusterFactory)
    host = factory.Sequence(lambda n: f"host{n}.example")
