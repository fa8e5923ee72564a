"""The menu as data and one call's session as a script."""
