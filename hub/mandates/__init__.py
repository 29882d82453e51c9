"""Who may act for whom: guardians for children and wards, people for companies."""
