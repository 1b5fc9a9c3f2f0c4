"""The whole clock of the platform on one page: what beat starts, and how often."""

from datetime import timedelta

CELERY_BEAT_SCHEDULE = {
    "sweep the outbox": {
        "task": "core.sweep_outbox",
        "schedule": timedelta(seconds=10),
    },
    "process stored webhooks": {
        "task": "payments.process_webhooks",
        "schedule": timedelta(seconds=5),
    },
    "empty old webhooks": {
        "task": "payments.empty_webhooks",
        "schedule": timedelta(hours=1),
    },
    "resolve payments that wait too long": {
        "task": "payments.resolve_stale",
        "schedule": timedelta(minutes=1),
    },
    "tell front ends": {
        "task": "webhooks.send_due",
        "schedule": timedelta(seconds=5),
    },
    "forget old messages to front ends": {
        "task": "webhooks.forget_old",
        "schedule": timedelta(days=1),
    },
    "measure MIDs against the networks' lines": {
        "task": "monitoring.measure",
        "schedule": timedelta(minutes=10),
    },
    "send mail": {
        "task": "notifications.send_due",
        "schedule": timedelta(seconds=5),
    },
    "read mail that came back": {
        "task": "notifications.read_returned",
        "schedule": timedelta(minutes=1),
    },
    "empty old mail": {
        "task": "notifications.empty_old",
        "schedule": timedelta(hours=1),
    },
    "hand over receipts of the last release": {
        "task": "payments.send_receipts",
        "schedule": timedelta(seconds=30),
    },
    "send approved payouts": {
        "task": "payouts.send_approved",
        "schedule": timedelta(seconds=15),
    },
    "look up payouts of unknown outcome": {
        "task": "payouts.resolve_unknown",
        "schedule": timedelta(seconds=30),
    },
    "check the books": {
        "task": "ledger.check_books",
        "schedule": timedelta(minutes=10),
    },
    "prove all of the books": {
        "task": "ledger.prove_books",
        "schedule": timedelta(days=1),
    },
    "roll the books forward": {
        "task": "ledger.roll_forward",
        "schedule": timedelta(seconds=15),
    },
    "give back expired holds": {
        "task": "ledger.expire_holds",
        "schedule": timedelta(minutes=1),
    },
    "end proposals nobody decided": {
        "task": "ledger.expire_proposals",
        "schedule": timedelta(minutes=5),
    },
    "watch rates and positions": {
        "task": "fx.watch",
        "schedule": timedelta(hours=6),
    },
    "make yearly statements": {
        "task": "tax.make_statements",
        "schedule": timedelta(seconds=30),
    },
    "seal the audit log": {
        "task": "audit.seal",
        "schedule": timedelta(seconds=15),
    },
    "forget delivered events": {
        "task": "core.forget_delivered",
        "schedule": timedelta(hours=1),
    },
    "load statements": {
        "task": "reconciliation.load_statements",
        "schedule": timedelta(seconds=5),
    },
    "match statements": {
        "task": "reconciliation.match_statements",
        "schedule": timedelta(seconds=5),
    },
    "match open statements again": {
        "task": "reconciliation.match_again",
        "schedule": timedelta(hours=1),
    },
    "replay payments against a draft": {
        "task": "routing.run_replays",
        "schedule": timedelta(seconds=3),
    },
    "forget old routing decisions": {
        "task": "routing.forget_decisions",
        "schedule": timedelta(minutes=10),
    },
    "keep risk data no longer than needed": {
        "task": "risk.forget",
        "schedule": timedelta(minutes=10),
    },
    "test draft risk rules on past payments": {
        "task": "risk.run_back_tests",
        "schedule": timedelta(seconds=3),
    },
    "tell routing of the accounts": {
        "task": "payments.sync_routes",
        "schedule": timedelta(minutes=1),
    },
    "send approved refunds": {
        "task": "payments.send_refunds",
        "schedule": timedelta(seconds=15),
    },
    "look up refunds of unknown outcome": {
        "task": "payments.resolve_refunds",
        "schedule": timedelta(seconds=30),
    },
    "recover debts of creators": {
        "task": "payments.recover_debts",
        "schedule": timedelta(minutes=1),
    },
    "watch deadlines of disputes": {
        "task": "payments.watch_disputes",
        "schedule": timedelta(minutes=5),
    },
    "give up purchases whose payer went away": {
        "task": "purchases.follow_missed",
        "schedule": timedelta(minutes=5),
    },
    "make the figures of subscriptions": {
        "task": "subscriptions.make_facts",
        "schedule": timedelta(minutes=15),
    },
    "make the files of bank debits": {
        "task": "debits.make_files",
        "schedule": timedelta(minutes=5),
    },
    "take files of bank debits to banks": {
        "task": "debits.send_files",
        "schedule": timedelta(minutes=1),
    },
    "let accounts be debited that prenotes proved": {
        "task": "debits.prove_accounts",
        "schedule": timedelta(minutes=5),
    },
    "measure what banks return": {
        "task": "debits.measure_returns",
        "schedule": timedelta(hours=1),
    },
    "look for files of banks": {
        "task": "debits.fetch_files",
        "schedule": timedelta(minutes=5),
    },
    "act on what banks' files told": {
        "task": "debits.apply_news",
        "schedule": timedelta(seconds=15),
    },
    "end the holds of bank debits": {
        "task": "debits.settle_due",
        "schedule": timedelta(minutes=5),
    },
    "give up transfers that never came": {
        "task": "debits.expire_transfers",
        "schedule": timedelta(hours=1),
    },
    "bill subscriptions": {
        "task": "subscriptions.bill_due",
        "schedule": timedelta(seconds=15),
    },
    "remind of charges to come": {
        "task": "subscriptions.remind_due",
        "schedule": timedelta(minutes=5),
    },
    "tell subscribers of new prices": {
        "task": "subscriptions.tell_price_changes",
        "schedule": timedelta(minutes=5),
    },
    "warn of cards about to expire": {
        "task": "subscriptions.warn_of_expiring_cards",
        "schedule": timedelta(hours=6),
    },
    "give back gifts nobody took": {
        "task": "subscriptions.return_gifts",
        "schedule": timedelta(hours=1),
    },
    "have gateways stop renewals": {
        "task": "subscriptions.stop_gateways",
        "schedule": timedelta(minutes=1),
    },
}
