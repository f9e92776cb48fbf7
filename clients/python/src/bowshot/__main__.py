"""python -m bowshot serve|query|info"""

import sys

from bowshot.command_line import main

if __name__ == "__main__":
    sys.exit(main())
