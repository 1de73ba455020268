"""The roster 名单 as a coordinator keeps it: editions, entries, imports, what waits for a person."""
