"""What keeps a run from telling more than it must: noise with an account of it, sums nobody can take apart, audits."""
