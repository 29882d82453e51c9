"""Figures for whoever watches the installation from outside: added up in the database, shown as Prometheus text."""
