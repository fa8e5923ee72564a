"""Demands for recordings (rule 14), from the letter to the package that is handed over."""
