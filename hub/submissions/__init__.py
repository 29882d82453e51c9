"""Submissions: cases citizens open, and their answers on cases that are open."""
