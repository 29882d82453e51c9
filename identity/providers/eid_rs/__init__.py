"""eID.gov.rs (ConsentID), Serbia. See README.md."""
