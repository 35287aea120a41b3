"""The companion: corpus, retrieval, guardrails and cited answers."""
