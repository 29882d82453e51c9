"""Alerts: what somebody who runs the town should know of, told once and counted, until it is over."""
