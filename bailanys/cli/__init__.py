"""The command line: `bailanys --help`."""

from bailanys.cli.app import main

__all__ = ["main"]
