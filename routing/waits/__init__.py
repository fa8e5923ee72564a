"""What a waiting caller may expect, and what is announced of it."""
