"""``python -m monfap_mm`` is the command ``monfap``."""

import sys

from .cli import main

if __name__ == '__main__':
    sys.exit(main())
