"""Other systems' readings of windows and aggregates, and what compares ours with them."""
