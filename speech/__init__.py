"""Prompts, catalogues and spoken numbers in Kazakh, Russian and English."""
