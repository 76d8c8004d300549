"""``python -m penstock``: the same as the ``penstock`` script."""

import sys

from penstock.cli.main import main

sys.exit(main())
