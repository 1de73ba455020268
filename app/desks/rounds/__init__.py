"""Matching and allocation as a coordinator runs them, with before and after."""
