"""Messages in: kept before they are understood, understood in order, and kept visible where they cannot be."""
