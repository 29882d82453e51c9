"""What a plug-in implements. A port exists only where two real implementations do."""
