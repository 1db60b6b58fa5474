"""The one error of files that come from others."""


class BadInput(Exception):  # noqa: N818  (a verdict on the input, not an error of the program)
    """A picture, video or annotation is broken, missing or too large; the message names it and says what is wrong."""
