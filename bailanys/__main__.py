"""`python -m bailanys` is the command line."""

from bailanys.cli import main

main()
