"""The tables of bank payments."""

from apps.finance.debits.models.bank import BankFile, BankItem, FoundFile
from apps.finance.debits.models.debit import Debit, DebitEvent
from apps.finance.debits.models.file import (
    DebitFile,
    FileApproval,
    FileCopy,
    FileItem,
    FileSequence,
)
from apps.finance.debits.models.mandate import Mandate, MandateEvent
from apps.finance.debits.models.rate import ReturnRate
from apps.finance.debits.models.transfer import Transfer

__all__ = [
    "BankFile",
    "BankItem",
    "Debit",
    "DebitEvent",
    "DebitFile",
    "FileApproval",
    "FileCopy",
    "FileItem",
    "FileSequence",
    "FoundFile",
    "Mandate",
    "MandateEvent",
    "ReturnRate",
    "Transfer",
]
