"""Writes out: what a citizen causes in a back office happens there once, in order, and never silently not.

    model       states and edges, as one table; what is told of a delivery
    definition  a delivery file, compiled: named steps, how each is sent, receipted and asked about
    service     put deliveries in line, and read what became of them
    verbs       what staff do with those that need somebody
    steps       one exchange with a back office, judged: what is surely done, surely not done, or in doubt
    lanes       the jobs that carry deliveries out, a few at a time for each back office
    claims      whose a delivery is while it is sent, also where a worker is only believed dead
    outcomes    what becomes of a delivery after each exchange, in one transaction
    offices     back offices that fail: left alone, tried again by one delivery, resumed by themselves
    queries, journal   the rows

How and why: docs/deliveries.md, docs/adr/0009-delivery.md.
"""
