"""Branches of repositories and the files on them, by the git objects behind: many requests, one change."""
