"""Is a suite worth running? Findings about its scorers, cases, prompt and models, each with a remedy."""
