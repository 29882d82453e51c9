"""Obligations: what a party owes a payee (tax, fee, fine, invoice), as the back offices say."""
