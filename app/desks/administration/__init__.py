"""Pages of administrators: people and their roles, invitations, messages that did not go out."""
