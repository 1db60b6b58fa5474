"""The command ``monfap``, outside the package so that it starts at once.

``import monfap_mm`` registers everything, for configs and for mim, which takes seconds for PyTorch and mmseg. Where
this module is loaded it does not: the command registers when a verb runs, so that help and completion are quick.
"""


def main() -> int:
    """Run the command with the arguments of this process; returns the exit code."""
    from monfap_mm.cli import main

    return main()
