"""Dues: brackets, a ledger that balances, arrears."""
