"""Recordings of talks: naming, finalising, finding (rule 14)."""
