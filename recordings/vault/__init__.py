"""Where finished recordings lie: sealed, signed for, in a folder and in object storage."""
