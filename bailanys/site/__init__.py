"""One site's files, ports and secrets: made ready before a start, looked at before it and after."""
