"""What ends a job."""


class JobError(Exception):
    """The job cannot go on: wrong folder, other settings, no space. Everything done so far is kept."""
