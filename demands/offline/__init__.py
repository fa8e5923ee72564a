"""What is put into a package of recordings and runs where nothing of ours is installed."""
