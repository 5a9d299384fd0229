"""Model to document, document to text. The document is the whole truth; a drawing adds nothing."""
