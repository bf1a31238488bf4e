"""What every process measures. Base units, `_seconds` and `_total`, no unbounded labels."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

handled = Histogram(
    "yikou_handler_seconds",
    "Time in a handler, its transaction included.",
    ["door", "message"],
    buckets=QUICK,
)
batches = Histogram(
    "yikou_event_batch_size",
    "Events that shared one transaction.",
    ["service"],
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
duplicates = Counter("yikou_duplicate_events_total", "Events that had already been done.", ["service"])
retries = Counter("yikou_event_retries_total", "Events put back to be tried again.", ["service", "message"])
dead = Counter("yikou_dead_letters_total", "Messages set aside.", ["service", "reason"])
calls = Histogram(
    "yikou_rpc_client_seconds", "Time of an outgoing RPC.", ["office", "method", "outcome"], buckets=QUICK
)
outbox_age = Gauge("yikou_outbox_oldest_seconds", "Age of the oldest event not yet delivered.", ["service"])
outbox_waiting = Gauge("yikou_outbox_waiting", "Events not yet delivered.", ["service"])
relay_lag = Histogram("yikou_relay_lag_seconds", "Commit to broker's confirm.", ["service"], buckets=QUICK)
delivered = Counter("yikou_events_delivered_total", "Events confirmed by the broker.", ["service"])
relay_failures = Counter(
    "yikou_relay_failures_total", "Rounds of the relay that broker or database cut short.", ["service"]
)
unroutable = Counter("yikou_events_unroutable_total", "Events the broker could not route.", ["service"])
ticks = Counter("yikou_timer_ticks_total", "Timer runs by outcome.", ["timer", "outcome"])
hub_lag = Gauge("yikou_hub_lag_seconds", "How late the event loop woke last time.", ["process"])
