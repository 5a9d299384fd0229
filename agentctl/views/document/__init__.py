"""Model values as JSON documents: the whole truth of a screen, figures included. Nothing is drawn here."""
