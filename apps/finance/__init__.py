"""Money: the ledger, and the payments that move it (README.md)."""
