"""Regions, industries, size classes, credit codes, working days and the loan prime rate.

Codes and thresholds ship with the release (`seed/reference/`); only dated values that are published
after it (LPR quotes, the year's working days) are loaded by the operator and kept in the database.
"""
