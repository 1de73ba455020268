"""The policy documents clause by clause: what carries them out, and what was decided by them."""
