"""The bank's drop: a directory, an S3 bucket or an SFTP server, whatever Django can store in.

A path is written once. What was written is never taken back: the bank may have fetched it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
)
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import InvalidStorageError, Storage
from django.core.files.storage.handler import StorageHandler

from apps.finance.debits import errors

_IN_MEMORY, _PIECE = 2**20, 2**18
#: Of storages that do not know when a file was written.
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)


class Found(NamedTuple):
    """A file that lies there."""

    path: str
    size: int
    modified_at: datetime


def storage_of(name: str) -> Storage:
    """
    Return a storage of settings.BANK_STORAGES.

    :raises NotConfigured: there is none of this name, or what it needs is not installed
    """
    try:
        return StorageHandler(settings.BANK_STORAGES)[name]  # type: ignore[arg-type]  # as STORAGES
    except (InvalidStorageError, ImportError) as error:
        raise errors.NotConfigured(storage=name) from error


def digest_at(storage: Storage, path: str, *, largest: int) -> str:
    """
    Return the SHA-256 of what lies there, up to one byte more than ``largest``; empty: nothing.

    :raises BankNotReached: nobody can tell
    """
    with _reaching(path):
        if not storage.exists(path):
            return ""
        with storage.open(path) as file:
            return hashlib.sha256(file.read(largest + 1)).hexdigest()


def put(storage: Storage, path: str, body: bytes) -> None:
    """
    Write a file that is not there yet.

    :raises BankNotReached: it may have arrived whole, in part, or not at all
    :raises FileDamaged: another one had come there meanwhile
    """
    with _reaching(path):
        written = storage.save(path, ContentFile(body))
        if written != path:
            # The storage evaded a file that came in between: ours there is one too many.
            storage.delete(written)
            raise errors.FileDamaged(file=path)


def names_in(storage: Storage, folder: str) -> list[str]:
    """
    Return the paths of the files in a folder, sorted.

    :raises BankNotReached: it cannot be listed
    """
    with _reaching(folder):
        _, files = storage.listdir(folder)
    return sorted(f"{folder}/{name}".lstrip("/") for name in files if not name.startswith("."))


def look_at(storage: Storage, path: str) -> Found:
    """
    :raises BankNotReached: it cannot be looked at, or is gone
    """
    with _reaching(path):
        try:
            modified = storage.get_modified_time(path)
        except NotImplementedError:
            modified = _UNKNOWN
        return Found(path, storage.size(path), modified)


@contextmanager
def fetched(storage: Storage, path: str, *, largest: int) -> Iterator[IO[bytes]]:
    """
    Give a copy of at most ``largest`` bytes and one: a large one lies on the disk.

    :raises BankNotReached: it cannot be read
    """
    with SpooledTemporaryFile(_IN_MEMORY) as copy:
        with _reaching(path), storage.open(path) as file:
            left = largest + 1
            while left and (piece := file.read(min(_PIECE, left))):
                copy.write(piece)
                left -= len(piece)
        copy.seek(0)
        yield copy


@contextmanager
def _reaching(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, BotoCoreError, ClientError) as error:
        raise errors.BankNotReached(path=path) from error
