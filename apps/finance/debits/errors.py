"""What bank payments can refuse."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable


class AccountInvalid(Invalid):
    code = "debits.account_invalid"
    message = "This is not a valid bank account."


class HolderMissing(Invalid):
    code = "debits.holder_missing"
    message = "Give the account holder's name, as the bank knows it."


class ProofMissing(Invalid):
    code = "debits.proof_missing"
    message = "Give the words that were agreed to and, for ACH, how the account was validated."


class NotConfigured(Conflict):
    code = "debits.not_configured"
    message = "The account at our bank is not set up for this."


class MandateNotFound(NotFound):
    code = "debits.mandate_not_found"
    message = "There is no such mandate."


class MandateNotActive(Conflict):
    code = "debits.mandate_not_active"
    message = "The mandate is revoked, blocked or lapsed."


class NotOffered(NotFound):
    code = "debits.not_offered"
    message = "This brand does not offer this way to pay."


class WordsChanged(Conflict):
    code = "debits.words_changed"
    message = "The words of the mandate have changed. Read them again, and agree to them."


class TooManyMandates(Conflict):
    code = "debits.too_many_mandates"
    message = "You have set up too many bank accounts. Remove one, or come back tomorrow."


class DebitNotFound(NotFound):
    code = "debits.debit_not_found"
    message = "There is no such debit."


class WrongState(Conflict):
    code = "debits.wrong_state"
    message = "It is not in a state that permits this."


class BankNotOfThis(Invalid):
    code = "debits.bank_not_of_this"
    message = "The account at our bank is of another brand or another kind."


class FileNotFound(NotFound):
    code = "debits.file_not_found"
    message = "There is no such file."


class DebitsNotAllowed(NotAllowed):
    code = "debits.not_allowed"
    message = "Your roles do not permit this."


class SecondPersonNeeded(NotAllowed):
    code = "debits.second_person_needed"
    message = "You have said so before; now somebody else must."


class AlreadyHandedOver(Conflict):
    code = "debits.already_handed_over"
    message = "This file was handed over. Sent again, the bank would collect again."


class FileDamaged(Conflict):
    code = "debits.file_damaged"
    message = "The stored file is not what was made: its SHA-256 differs. Do not send it."


class ReasonMissing(Invalid):
    code = "debits.reason_missing"
    message = "Say why."


class WrongFile(Invalid):
    code = "debits.wrong_file"
    message = "This is not such a file, or not of this account."


class BankNotReached(Unavailable):
    code = "debits.bank_not_reached"
    message = "The bank's drop for files cannot be reached."


class FileTooLarge(Invalid):
    code = "debits.file_too_large"
    message = "The file is too large."


class ItemNotFound(NotFound):
    code = "debits.item_not_found"
    message = "There is no such item."


class TransferNotFound(NotFound):
    code = "debits.transfer_not_found"
    message = "There is no such transfer."
