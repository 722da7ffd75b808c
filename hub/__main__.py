"""`python -m hub` is `kwhub`."""

from hub.cli import main

main()
