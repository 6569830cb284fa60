"""``python -m zoo_core`` is the command ``zoo``."""

import sys

from .cli import main

sys.exit(main())
