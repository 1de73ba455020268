"""Pages of plans: versions and drafts, the form of a draft, comparisons, publication."""
