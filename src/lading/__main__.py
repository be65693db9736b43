"""`python -m lading`."""

from lading.cli.main import main

main()
