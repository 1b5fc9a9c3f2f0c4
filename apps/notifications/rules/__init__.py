"""Pure decisions of mail: kinds, waiting, names of messages."""
