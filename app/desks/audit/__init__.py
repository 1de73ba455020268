"""The audit trail as an auditor searches it."""
