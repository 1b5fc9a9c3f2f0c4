"""Files made of what payments know."""
