"""The banks' formats."""
