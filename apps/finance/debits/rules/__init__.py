"""Pure rules of bank payments: formats, calendars, codes, references."""
