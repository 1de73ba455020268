"""Docking events as hosts, firms and banks see them: the year, an event, its guests, its tables, its door, what followed."""
