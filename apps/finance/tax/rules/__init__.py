"""Pure decisions of tax: where a sale takes place, and what is due on it."""
