"""What modes are made of: parts of protocols that modes share, or that a page has no room for."""
