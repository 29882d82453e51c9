"""id.gov.ua, the integrated electronic identification system of Ukraine. See README.md."""
