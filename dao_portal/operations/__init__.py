"""What operators start: the portal as a whole."""
