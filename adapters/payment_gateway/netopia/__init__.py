"""NETOPIA Payments, a card gateway of Romania, formerly mobilPay. See README.md."""
