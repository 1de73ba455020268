"""The month as coordinators, auditors and banks watch it: coverage, what is behind each figure, closing a month."""
