"""Seeds faults into the books' code, one at a time, and sees whether the tests notice."""
