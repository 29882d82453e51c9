"""The spine of everything a citizen sends to the town: number, public status, states, events, offices."""
