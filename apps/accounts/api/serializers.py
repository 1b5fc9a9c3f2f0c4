"""The shape of "me" in JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ProfileOutput(serializers.Serializer[Any]):
    handle = serializers.CharField()
    display_name = serializers.CharField()
    bio = serializers.CharField(allow_blank=True)
    is_creator = serializers.BooleanField()


class MeOutput(serializers.Serializer[Any]):
    email = serializers.EmailField()
    roles = serializers.ListField(child=serializers.CharField())
    cluster = serializers.CharField(help_text="Slug of the brand this host belongs to.")
    profile = ProfileOutput()


class MeInput(serializers.Serializer[Any]):
    """A field left out stays as it is."""

    handle = serializers.CharField(required=False, max_length=60)
    display_name = serializers.CharField(required=False, max_length=200)
    bio = serializers.CharField(required=False, allow_blank=True, max_length=4000)
