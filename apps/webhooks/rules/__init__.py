"""How messages are signed, and when they are sent again."""
