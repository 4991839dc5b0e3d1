"""Results × baseline → verdict: statistics, fingerprint, baseline file."""
