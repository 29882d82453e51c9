"""Subjects: persons and legal entities, the identifiers sources know them by, and the proof of each."""
