"""The clock, the queue and the street: what the import contracts cannot see."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db.models import Model

from fanz.settings.beat import CELERY_BEAT_SCHEDULE

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    path
    for path in (ROOT / "apps").rglob("*.py")
    if "migrations" not in path.relative_to(ROOT).parts
]
SERVICES = [path for path in CODE if "services" in (*path.parts, path.stem)]
#: Where a person on call looks; docs/reference is generated, so it explains nothing.
EXPLAINING = [*(ROOT / "docs" / "runbooks").glob("*.md"), *(ROOT / "apps").rglob("README.md")]
TICKS = sorted({str(entry["task"]) for entry in CELERY_BEAT_SCHEDULE.values()})


def _street() -> list[str]:
    """Every app's dotted name, lowest first, as the import contract in pyproject has them."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c["layers"] for c in tool["contracts"] if "apps.core" in c.get("layers", ()))
    return [name for layer in reversed(layers) for name in re.findall(r"[\w.]+", layer)]


def _relations() -> list[tuple[type[Model], type[Model]]]:
    """Every foreign key of ours: the model that has it and the one it points to."""
    return [
        (model, field.related_model)
        for model in apps.get_models()
        if model.__module__.startswith("apps.")
        for field in model._meta.get_fields()
        if field.concrete and isinstance(field.related_model, type)
    ]


def _app(model: type[Model]) -> str:
    return apps.get_app_config(model._meta.app_label).name


@pytest.mark.parametrize("task", TICKS)
def test_every_tick_is_a_task(task: str) -> None:
    current_app.loader.import_default_modules()

    assert task in current_app.tasks


@pytest.mark.parametrize("task", TICKS)
def test_every_tick_is_explained_to_people(task: str) -> None:
    name = re.compile(rf"\b{task.partition('.')[2]}\b")

    assert any(name.search(path.read_text()) for path in EXPLAINING)


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: str(path.relative_to(ROOT)))
def test_services_start_nothing_behind_the_outbox(path: Path) -> None:
    found = re.findall(r"on_commit|\.delay\(|apply_async\(|send_task\(", path.read_text())

    assert not found, "publish an event: the outbox survives a crash, a callback does not"


def test_services_were_found() -> None:
    assert len(SERVICES) > 10


def test_foreign_keys_point_down_the_street() -> None:
    street = _street()
    up = [
        f"{source._meta.label} -> {target._meta.label}"
        for source, target in _relations()
        if _app(target) in street
        and street.index(_app(target)) > street.index(_app(source))
        and target._meta.label != settings.AUTH_USER_MODEL
    ]

    assert len(_relations()) > 10
    assert not up


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_model_is_fetched_by_name(path: Path) -> None:
    assert "get_model(" not in path.read_text(), "it hides an import from the contracts"
