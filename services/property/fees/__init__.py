"""Fees in depth: rules of every shape, bill runs, discounts, refunds, late fees, lawful reminders. The ledger is property's own."""
