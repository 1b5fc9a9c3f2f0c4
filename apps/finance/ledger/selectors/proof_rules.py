"""The rules of the books as questions: each answers with the rows that break it, as one text."""

# ruff: noqa: E501

from __future__ import annotations

#: For entries with ids after %(low)s to %(high)s.
ENTRY_RULES = {
    "every entry sums to zero in every currency": """
        SELECT format('entry %%s: %%s %%s', entry_id, sum(amount_minor), currency)
          FROM ledger_line WHERE entry_id > %(low)s AND entry_id <= %(high)s
         GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0
         ORDER BY entry_id, currency LIMIT %(each)s""",
    "every entry has exactly the lines it counts": """
        SELECT format('entry %%s: %%s lines of %%s', e.id, coalesce(l.n, 0), e.line_count)
          FROM ledger_entry e
          LEFT JOIN (SELECT entry_id, count(*) AS n, max(n) AS top FROM ledger_line
                      WHERE entry_id > %(low)s AND entry_id <= %(high)s
                      GROUP BY entry_id) l ON l.entry_id = e.id
         WHERE e.id > %(low)s AND e.id <= %(high)s
           AND (l.n IS DISTINCT FROM e.line_count OR l.top <> e.line_count OR e.line_count < 2)
         ORDER BY e.id LIMIT %(each)s""",
    "every line belongs to an entry of its day": """
        SELECT format('entry %%s line %%s', l.entry_id, l.n)
          FROM ledger_line l LEFT JOIN ledger_entry e
            ON e.id = l.entry_id AND e.id > %(low)s AND e.id <= %(high)s
         WHERE l.entry_id > %(low)s AND l.entry_id <= %(high)s
           AND (e.id IS NULL OR e.effective_on <> l.effective_on)
         ORDER BY l.entry_id, l.n LIMIT %(each)s""",
    "every line is on an account of its currency": """
        SELECT format('entry %%s line %%s: account %%s in %%s', l.entry_id, l.n, l.account_id, l.currency)
          FROM ledger_line l LEFT JOIN ledger_account a ON a.id = l.account_id
         WHERE l.entry_id > %(low)s AND l.entry_id <= %(high)s
           AND (a.id IS NULL OR a.currency <> l.currency)
         ORDER BY l.entry_id, l.n LIMIT %(each)s""",
    "every line is one its kind of entry may have": """
        SELECT format('entry %%s line %%s: %%s on %%s', l.entry_id, l.n, e.kind, a.code)
          FROM ledger_line l
          JOIN ledger_entry e ON e.id = l.entry_id
          JOIN ledger_account a ON a.id = l.account_id
          LEFT JOIN ledger_kind_rule r ON r.kind = e.kind AND r.code = a.code
         WHERE l.entry_id > %(low)s AND l.entry_id <= %(high)s
           AND e.id > %(low)s AND e.id <= %(high)s
           AND NOT coalesce(CASE WHEN l.amount_minor > 0 THEN r.may_debit ELSE r.may_credit END, false)
         ORDER BY l.entry_id, l.n LIMIT %(each)s""",
    "every reversal is the exact opposite of one entry": """
        SELECT format('entry %%s reverses %%s', r.id, r.reverses_id)
          FROM ledger_entry r
         WHERE r.id > %(low)s AND r.id <= %(high)s AND r.reverses_id IS NOT NULL
           AND (EXISTS (SELECT account_id, sum(amount_minor) FROM ledger_line
                         WHERE entry_id IN (r.id, r.reverses_id)
                         GROUP BY account_id HAVING sum(amount_minor) <> 0)
                OR NOT EXISTS (SELECT FROM ledger_entry t WHERE t.id = r.reverses_id)
                OR (SELECT count(*) FROM ledger_entry t WHERE t.reverses_id = r.reverses_id) > 1)
         ORDER BY r.id LIMIT %(each)s""",
    "every block of the chain verifies": """
        SELECT format('block %%s (entries %%s to %%s): %%s', b.number, b.first_id, b.last_id,
                      CASE WHEN h.hash <> b.hash OR h.entries <> b.entries
                           THEN 'its entries are not those it was built from'
                           ELSE 'it does not follow the block before it' END)
          FROM ledger_block b
          LEFT JOIN ledger_block p ON p.number = b.number - 1
         CROSS JOIN LATERAL ledger_block_hash(b.number, b.first_id, b.last_id, b.previous_hash) h
         WHERE b.last_id > %(low)s AND b.first_id <= %(high)s
           AND (h.hash <> b.hash OR h.entries <> b.entries
                OR b.previous_hash <> coalesce(p.hash, repeat('0', 64))
                OR b.first_id <> coalesce(p.last_id, 0) + 1
                OR (p.number IS NULL) <> (b.number = 1))
         ORDER BY b.number LIMIT %(each)s""",
}

#: For entries in the window whose source begins with %(prefix)s: does its row exist?
ORPHANS = """
    SELECT format('entry %%s: %%s', e.id, e.source)
      FROM ledger_entry e
     WHERE e.id > %(low)s AND e.id <= %(high)s
       AND split_part(e.source, ':', 1) = %(prefix)s
       AND NOT CASE WHEN split_part(e.source, ':', 2) ~ '^[0-9]{1,18}$'
                    THEN EXISTS (SELECT FROM {table} t
                                  WHERE t.id = split_part(e.source, ':', 2)::bigint)
                    ELSE false END
     ORDER BY e.id LIMIT %(each)s
"""

#: For accounts with ids after %(low)s to %(high)s.
ACCOUNT_RULES = {
    "every balance is what the totals and the newest lines say": """
        SELECT format('account %%s: balance %%s/%%s, totals %%s/%%s', account_id,
                      coalesce(b.debits, 0), coalesce(b.credits, 0),
                      coalesce(t.debits, 0), coalesce(t.credits, 0))
          FROM (SELECT account_id, sum(debits_minor) AS debits, sum(credits_minor) AS credits
                  FROM ledger_balance WHERE account_id > %(low)s AND account_id <= %(high)s
                 GROUP BY account_id) b
          FULL JOIN (SELECT account_id, sum(debits) AS debits, sum(credits) AS credits
                       FROM (SELECT account_id, debits_minor AS debits, credits_minor AS credits
                               FROM ledger_accounttotal
                              WHERE account_id > %(low)s AND account_id <= %(high)s
                              UNION ALL
                             SELECT account_id, greatest(amount, 0), greatest(-amount, 0)
                               FROM ledger_tail('0001-01-01', '9999-12-31')
                              WHERE account_id > %(low)s AND account_id <= %(high)s) p
                      GROUP BY account_id) t USING (account_id)
         WHERE (coalesce(b.debits, 0), coalesce(b.credits, 0))
            <> (coalesce(t.debits, 0), coalesce(t.credits, 0))
         ORDER BY account_id LIMIT %(each)s""",
    "every account has its balance rows, with its bound and state": """
        SELECT format('account %%s stripe %%s', coalesce(a.id, b.account_id), coalesce(a.s, b.stripe))
          FROM (SELECT id, s, closed_at IS NULL AND NOT is_frozen AS is_open,
                       CASE WHEN allows_overdraft THEN 0 WHEN normal_side = 'CREDIT' THEN 1
                            ELSE -1 END AS bound
                  FROM ledger_account, generate_series(0, stripes - 1) s
                 WHERE id > %(low)s AND id <= %(high)s) a
          FULL JOIN (SELECT * FROM ledger_balance
                      WHERE account_id > %(low)s AND account_id <= %(high)s) b
                 ON b.account_id = a.id AND b.stripe = a.s
         WHERE a.id IS NULL OR b.account_id IS NULL OR (a.is_open, a.bound) <> (b.is_open, b.bound)
         ORDER BY 1 LIMIT %(each)s""",
    "no account is overdrawn that may not be": """
        SELECT format('account %%s (%%s %%s): %%s, held %%s', a.id, a.code, a.owner,
                      sum(b.debits_minor - b.credits_minor), sum(b.held_minor))
          FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
         WHERE a.id > %(low)s AND a.id <= %(high)s AND NOT a.allows_overdraft GROUP BY a.id
        HAVING sum(b.debits_minor - b.credits_minor)
               * CASE a.normal_side WHEN 'DEBIT' THEN 1 ELSE -1 END < sum(b.held_minor)
         ORDER BY a.id LIMIT %(each)s""",
    "what is held is the sum of the open holds": """
        SELECT format('account %%s: held %%s, holds %%s', account_id, coalesce(b.held, 0),
                      coalesce(h.held, 0))
          FROM (SELECT account_id, sum(held_minor) AS held FROM ledger_balance
                 WHERE account_id > %(low)s AND account_id <= %(high)s GROUP BY account_id) b
          FULL JOIN (SELECT account_id, sum(amount_minor - captured_minor - released_minor) AS held
                       FROM ledger_hold WHERE account_id > %(low)s AND account_id <= %(high)s
                      GROUP BY account_id) h USING (account_id)
         WHERE coalesce(b.held, 0) <> coalesce(h.held, 0)
         ORDER BY account_id LIMIT %(each)s""",
    "every account is what the chart of the database says": """
        SELECT format('account %%s: %%s', a.id, a.code)
          FROM ledger_account a LEFT JOIN ledger_chart() c ON c.code = a.code AND NOT c.is_group
         WHERE a.id > %(low)s AND a.id <= %(high)s
           AND (c.code IS NULL
                OR (a.type, a.normal_side, a.allows_overdraft, a.stripes)
                <> (c.type, c.normal_side, c.allows_overdraft, c.stripes)
                OR (c.owner_kind = '') <> (a.owner = ''))
         ORDER BY a.id LIMIT %(each)s""",
    "every closed account is empty": """
        SELECT format('account %%s: %%s, held %%s', a.id, sum(b.debits_minor - b.credits_minor),
                      sum(b.held_minor))
          FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
         WHERE a.id > %(low)s AND a.id <= %(high)s AND a.closed_at IS NOT NULL GROUP BY a.id
        HAVING sum(b.debits_minor) <> sum(b.credits_minor) OR sum(b.held_minor) <> 0
         ORDER BY a.id LIMIT %(each)s""",
}

#: Over all lines, once.
LINES_RULES = {
    "every balance is the sum of its lines": """
        SELECT format('account %%s: balance %%s/%%s, lines %%s/%%s', account_id,
                      coalesce(b.debits, 0), coalesce(b.credits, 0),
                      coalesce(l.debits, 0), coalesce(l.credits, 0))
          FROM (SELECT account_id, sum(debits_minor) AS debits, sum(credits_minor) AS credits
                  FROM ledger_balance GROUP BY account_id) b
          FULL JOIN (SELECT account_id,
                            sum(amount_minor) FILTER (WHERE amount_minor > 0) AS debits,
                            -sum(amount_minor) FILTER (WHERE amount_minor < 0) AS credits
                       FROM ledger_line GROUP BY account_id) l USING (account_id)
         WHERE (coalesce(b.debits, 0), coalesce(b.credits, 0))
            <> (coalesce(l.debits, 0), coalesce(l.credits, 0))
         ORDER BY account_id LIMIT %(each)s""",
    "every source is in the books once": """
        SELECT format('source %%s: %%s entries', source, count(*)) FROM ledger_entry
         GROUP BY source HAVING count(*) > 1 ORDER BY source LIMIT %(each)s""",
    "the totals of accounts are the sum of their lines": """
        SELECT format('account %%s in %%s: totals %%s/%%s, lines %%s/%%s', account_id,
                      to_char(month, 'YYYY-MM'), coalesce(t.debits, 0), coalesce(t.credits, 0),
                      coalesce(l.debits, 0), coalesce(l.credits, 0))
          FROM (SELECT account_id, month, sum(debits_minor) AS debits,
                       sum(credits_minor) AS credits, sum(lines) AS n
                  FROM ledger_accounttotal GROUP BY account_id, month) t
          FULL JOIN (SELECT account_id, date_trunc('month', effective_on)::date AS month,
                            sum(amount_minor) FILTER (WHERE amount_minor > 0) AS debits,
                            -sum(amount_minor) FILTER (WHERE amount_minor < 0) AS credits,
                            count(*) AS n
                       FROM ledger_line
                      WHERE entry_id <= coalesce((SELECT low_id FROM ledger_bookmark), 0)
                      GROUP BY account_id, 2) l USING (account_id, month)
         WHERE (coalesce(t.debits, 0), coalesce(t.credits, 0), coalesce(t.n, 0))
            <> (coalesce(l.debits, 0), coalesce(l.credits, 0), coalesce(l.n, 0))
         ORDER BY account_id, month LIMIT %(each)s""",
}

#: Over totals and snapshots, once.
ROLLED_RULES = {
    "the totals of codes are the sum of those of their accounts": """
        SELECT format('%%s %%s %%s %%s in %%s: %%s/%%s, accounts %%s/%%s', code, owner, currency,
                      cluster, to_char(month, 'YYYY-MM'), coalesce(m.debits, 0),
                      coalesce(m.credits, 0), coalesce(t.debits, 0), coalesce(t.credits, 0))
          FROM (SELECT month, code, owner, currency, cluster, kind, debits_minor AS debits,
                       credits_minor AS credits, lines FROM ledger_monthtotal) m
          FULL JOIN (SELECT t.month, a.code, ledger_summed_owner(a.owner) AS owner, a.currency,
                            t.cluster, t.kind, sum(t.debits_minor) AS debits,
                            sum(t.credits_minor) AS credits, sum(t.lines) AS lines
                       FROM ledger_accounttotal t JOIN ledger_account a ON a.id = t.account_id
                      GROUP BY 1, 2, 3, 4, 5, 6) t
               USING (month, code, owner, currency, cluster, kind)
         WHERE (coalesce(m.debits, 0), coalesce(m.credits, 0), coalesce(m.lines, 0))
            <> (coalesce(t.debits, 0), coalesce(t.credits, 0), coalesce(t.lines, 0))
         ORDER BY month, code LIMIT %(each)s""",
    "the totals of days are those of their month": """
        SELECT format('%%s %%s %%s %%s in %%s: %%s/%%s, days %%s/%%s', code, owner, currency,
                      cluster, to_char(month, 'YYYY-MM'), coalesce(m.debits, 0),
                      coalesce(m.credits, 0), coalesce(d.debits, 0), coalesce(d.credits, 0))
          FROM (SELECT month, code, owner, currency, cluster, kind, debits_minor AS debits,
                       credits_minor AS credits, lines FROM ledger_monthtotal) m
          FULL JOIN (SELECT date_trunc('month', day)::date AS month, code, owner, currency,
                            cluster, kind, sum(debits_minor) AS debits,
                            sum(credits_minor) AS credits, sum(lines) AS lines
                       FROM ledger_daytotal GROUP BY 1, 2, 3, 4, 5, 6) d
               USING (month, code, owner, currency, cluster, kind)
         WHERE (coalesce(m.debits, 0), coalesce(m.credits, 0), coalesce(m.lines, 0))
            <> (coalesce(d.debits, 0), coalesce(d.credits, 0), coalesce(d.lines, 0))
         ORDER BY month, code LIMIT %(each)s""",
    "the snapshots of accounts are the sum of what moved until then": """
        SELECT format('account %%s at the end of %%s: %%s/%%s, moved %%s/%%s', account_id,
                      to_char(month, 'YYYY-MM'), debits_minor, credits_minor, debits, credits)
          FROM (SELECT s.account_id, s.month, s.debits_minor, s.credits_minor,
                       coalesce(t.debits, 0) AS debits, coalesce(t.credits, 0) AS credits
                  FROM ledger_accountsnapshot s
                 CROSS JOIN LATERAL (
                       SELECT sum(debits_minor) AS debits, sum(credits_minor) AS credits
                         FROM ledger_accounttotal t
                        WHERE t.account_id = s.account_id AND t.month <= s.month) t
                 WHERE s.month = (SELECT max(month) FROM ledger_codesnapshot)) c
         WHERE (debits_minor, credits_minor) <> (debits, credits)
           AND NOT EXISTS (SELECT FROM ledger_tail('0001-01-01', '9999-12-31') l
                            WHERE l.account_id = c.account_id AND l.day < c.month + interval '1 month')
         ORDER BY account_id LIMIT %(each)s""",
}

#: What is few, and is judged at every check.
TABLE_RULES = {
    "every guard of the tables is on": """
        SELECT format('trigger %%s on %%s', tgname, tgrelid::regclass) FROM pg_trigger
         WHERE tgrelid::regclass::text LIKE 'ledger\\_%%' AND NOT tgisinternal AND tgenabled <> 'O'
         ORDER BY tgname LIMIT %(each)s""",
    "every guard of the tables is there": """
        SELECT format('trigger %%s on %%s', g.name, g.relation)
          FROM (VALUES ('ledger_account', 'ledger_account_chart'),
                       ('ledger_account', 'ledger_account_kept'),
                       ('ledger_account', 'ledger_account_opened'),
                       ('ledger_account', 'ledger_account_changed'),
                       ('ledger_balance', 'ledger_balance_follows'),
                       ('ledger_balance', 'ledger_balance_kept'),
                       ('ledger_block', 'ledger_block_append_only'),
                       ('ledger_entry', 'ledger_entry_append_only'),
                       ('ledger_entry', 'ledger_entry_lines'),
                       ('ledger_entry', 'ledger_entry_xid'),
                       ('ledger_hold', 'ledger_hold_moves'),
                       ('ledger_hold', 'ledger_hold_kept'),
                       ('ledger_hold', 'ledger_hold_placed'),
                       ('ledger_hold', 'ledger_hold_moved'),
                       ('ledger_line', 'ledger_line_append_only'),
                       ('ledger_line', 'ledger_line_balances'),
                       ('ledger_period', 'ledger_period_in_order'),
                       ('ledger_period', 'ledger_period_kept'),
                       ('ledger_periodmove', 'ledger_periodmove_kept'),
                       ('ledger_proposal', 'ledger_proposal_begins'),
                       ('ledger_proposal', 'ledger_proposal_kept'),
                       ('ledger_proposal', 'ledger_proposal_stays')) g(relation, name)
         WHERE NOT EXISTS (SELECT FROM pg_trigger t
                            WHERE t.tgname = g.name AND t.tgrelid = to_regclass(g.relation))
         ORDER BY 1 LIMIT %(each)s""",
    "the chain reaches as far as the totals": """
        SELECT format('the chain ends at entry %%s, the totals at %%s', c.last_id, b.low_id)
          FROM ledger_bookmark b,
               (SELECT coalesce(max(last_id), 0) AS last_id FROM ledger_block) c
         WHERE c.last_id > b.low_id
            OR EXISTS (SELECT FROM ledger_entry e WHERE e.id > c.last_id AND e.id <= b.low_id)
         LIMIT %(each)s""",
    "months are closed one after another": """
        SELECT to_char(p.month, 'YYYY-MM') || ' is ' || p.state
          FROM ledger_period p
         WHERE p.state <> 'CLOSED' AND p.month < (SELECT max(month) FROM ledger_period
                                                   WHERE state = 'CLOSED')
         ORDER BY p.month LIMIT %(each)s""",
    "every closed month has its snapshot, and no other": """
        SELECT to_char(month, 'YYYY-MM')
          FROM (SELECT month FROM ledger_period p WHERE state = 'CLOSED'
                   AND EXISTS (SELECT FROM ledger_monthtotal t WHERE t.month <= p.month)) p
          FULL JOIN (SELECT DISTINCT month FROM ledger_codesnapshot) s USING (month)
         WHERE p.month IS NULL OR s.month IS NULL
         ORDER BY month LIMIT %(each)s""",
    "the last snapshot is what stood, and nothing came after it": """
        SELECT format('%%s %%s %%s %%s: snapshot %%s/%%s, moved %%s/%%s', code, owner, currency,
                      cluster, coalesce(s.debits, 0), coalesce(s.credits, 0),
                      coalesce(t.debits, 0), coalesce(t.credits, 0))
          FROM (SELECT code, owner, currency, cluster, debits_minor AS debits,
                       credits_minor AS credits
                  FROM ledger_codesnapshot
                 WHERE month = (SELECT max(month) FROM ledger_codesnapshot)) s
          FULL JOIN (SELECT code, owner, currency, cluster, sum(debits) AS debits,
                            sum(credits) AS credits
                       FROM (SELECT code, owner, currency, cluster, debits_minor AS debits,
                                    credits_minor AS credits
                               FROM ledger_monthtotal
                              WHERE month <= (SELECT max(month) FROM ledger_codesnapshot)
                              UNION ALL
                             SELECT code, ledger_summed_owner(owner), currency, cluster,
                                    greatest(amount, 0), greatest(-amount, 0)
                               FROM ledger_tail('0001-01-01',
                                    (SELECT (max(month) + interval '1 month')::date - 1
                                       FROM ledger_codesnapshot))) p
                      GROUP BY 1, 2, 3, 4) t USING (code, owner, currency, cluster)
         WHERE (coalesce(s.debits, 0), coalesce(s.credits, 0))
            <> (coalesce(t.debits, 0), coalesce(t.credits, 0))
         ORDER BY code LIMIT %(each)s""",
}
