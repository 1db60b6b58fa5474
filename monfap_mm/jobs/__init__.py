"""Long work that can be killed, and goes on where it was."""
