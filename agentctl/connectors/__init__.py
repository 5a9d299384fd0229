"""The only code that touches live systems."""
