"""Work that is done later, and work that comes back: a queue and schedules in the hub's own PostgreSQL.

    queue      put a job into the queue, inside your transaction; finish it inside your transaction
    worker     runs jobs: fair between towns, in order per key, counted when taken
    schedules  what is put into the queue every so often or every day
    handler    what does the jobs of one kind, and what becomes of those that fail
    claims, leases   the worker's side of the table

Why this is our own: docs/adr/0003-job-queue.md.
"""
