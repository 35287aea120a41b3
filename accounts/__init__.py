"""People: roles, permissions, passwords, browser sessions and the audit log."""
