"""Things creators sell one by one, who bought them, and goals that tips go towards."""
