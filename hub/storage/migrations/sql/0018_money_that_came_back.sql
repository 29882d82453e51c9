-- Money that came back (hub.payments; docs/payments.md).

-- A refund by bank transfer that was done, and that the payer's bank sent back: it is over, and its money is here again.
alter table refunds drop constraint refunds_state_check;
alter table refunds add constraint refunds_state_check
    check (state in ('asked', 'approved', 'sent', 'in_doubt', 'done', 'refused', 'declined', 'came_back'));

alter table ledger_entries drop constraint ledger_entries_event_check;
alter table ledger_entries add constraint ledger_entries_event_check check (event in (
    'captured', 'taken_back', 'allocated', 'unallocated', 'refund_set_aside', 'refund_returned', 'refund_came_back',
    'refunded', 'reversed', 'charged_back', 'chargeback_won', 'paid_out'));

-- A bank may charge back a payment in several parts, also in parts of the same amount. What a gateway tells without an
-- amount is one chargeback (hub.payments.reversals, under the lock of the charge); a letter is known by its own request.
drop index one_chargeback_at_a_time;
create index on chargebacks (city_id, source_kind, source_id);

-- Where a refund is refused, its money covers what seemed lost, be it by a refund at the gateway's own console.
grant update (lost) on refunds to munihub_app, munihub_worker;

-- What is only added to is not emptied as a whole either.
do $$
declare
    name regclass;
begin
    foreach name in array array['ledger_entries', 'ledger_lines', 'allocations', 'payment_events']::regclass[] loop
        execute format('create trigger not_emptied before truncate on %s'
                       ' for each statement execute function munihub_append_only()', name);
    end loop;
end $$;
