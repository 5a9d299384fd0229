"""Documents as text for a terminal. Every drawing takes a document and a Look and returns a string."""
