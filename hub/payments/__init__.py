"""Payments: what somebody means to pay, the money that came for it, and what became of every cent of it.

    states      of charges, payments, refunds and chargebacks; the tables of edges; public faces
    model       the words of this noun
    ledger      entries of the double-entry ledger (its rules are the database's: migrations/sql/0014)
    charges     a charge under its lock: what happens to it, written down
    creating    a payer's intention
    attempts    tries at a gateway, giving up, time that is over
    captures    money that comes in, and what was booked by mistake
    money       allocations, given and taken back; allocations: what staff do with them
    refunds     money given back; reversals: money that others take; lost: what was believed gone, and is here
    banking     what bank statements ask of payments
    views       what citizens and staff read
    service     all of it, as gateways, statements and doors see it

How and why: docs/payments.md.
"""
