"""What money on the bank's statements is for: found, booked where it is certain, and else shown to somebody."""
