"""Plan → branch and pull request. Imports no model library and holds no model key."""
