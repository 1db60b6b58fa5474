"""``mim run monfap_mm predict PATH...``: the command ``monfap predict``."""

import sys

from monfap_mm.cli import main

if __name__ == '__main__':
    sys.exit(main(['predict', *sys.argv[1:]]))
