"""People: who they are, what they may do, how a browser stays signed in, and who did what."""
