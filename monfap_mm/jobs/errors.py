"""What ends a job."""


class JobError(Exception):
    """The job cannot start, or go on: wrong folder, other settings. Everything done so far is kept."""


class JobStoppedError(JobError):
    """This machine stopped the job midway, for instance by a full disk. Started again, the job goes on."""
