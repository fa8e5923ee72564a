"""A backup of the whole site while calls go on, and the way back: `bailanys backup`, `bailanys restore`."""
