"""`python -m coproc`."""

import sys

from coproc.cli import main

if __name__ == "__main__":
    sys.exit(main())
