"""A chain as who answers for it sees it: plan, banks, members on their roles, coverage, events, what is stuck."""
