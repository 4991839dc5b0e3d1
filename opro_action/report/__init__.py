"""Results → text for people and machines; decides nothing."""
