"""What the HTTP API needs of us: its ports filled, and the server begun beside the controller."""
