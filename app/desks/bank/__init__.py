"""A bank administrator's desk: the institution's load, its people, and what it offers."""
