"""What the command tells a script."""

DONE = 0
NOT_ANSWERED = 1
NOT_STARTED = 2  # argparse's own
NOT_WRITTEN = 3
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
