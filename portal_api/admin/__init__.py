"""What the town's administrators may see."""
