"""What comes before and beside a case: likeness, bursts and topics, routing, whistles, drafts, the diary and ledgers."""
