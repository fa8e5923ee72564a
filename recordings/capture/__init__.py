"""From the raw file that Asterisk writes to a finished recording."""
