"""Monri WebPay, a card gateway of Croatia and its neighbours. See README.md."""
