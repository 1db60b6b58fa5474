"""What the commands tell a script: one meaning per number, for ``monfap`` and all tools."""

DONE = 0
FAILED = 1  # ran to its end, but what came out is not fit: no answer, too many bad items, a test that failed
NOT_STARTED = 2  # wrong arguments, files or folder; also argparse's own
NOT_WRITTEN = 3  # stopped midway, since this machine could not go on: a full disk
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
