"""The rating 1-5 offered when the talk ends (rule 13)."""
