"""Who may see what, until when, and why not."""
