"""Attempts to pay at card gateways: started, heard of, asked about, expired, compared, and their money given back.

    model       the states of an attempt and the one table of the edges between them
    starting    a row and an order number first, then the call, then the gateway's reference
    hearing     what browsers and gateways bring to the doors, kept at once and judged in a moment; messages: its rows
    judge       the one place where what is reported is compared with what was ordered
    applying    what follows is written down, and the payment is told
    asking      asks the gateway until it says how an attempt ended, and now and then what became of its money
    refunding   gives money back once, and finds out what became of it after a doubt
    comparing   every day, what a gateway lists with what is known here

A gateway (adapters/payment_gateway) knows no payment; hub.payments knows no gateway; this folder stands between them.
"""
