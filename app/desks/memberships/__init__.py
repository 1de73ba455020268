"""Pages of memberships 归链: overview, one, many at once, questions, objections, runs."""
