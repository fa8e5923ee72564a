"""The composition root: supervision, health, logging, the command line."""
