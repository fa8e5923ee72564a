"""What may be asked of the hotline, each subject in one file: its answers, whom it asks, and its routes."""
