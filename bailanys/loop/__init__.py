"""The event loop that handles the calls: kept quick, and watched (decision 16)."""
