"""retrieve: a question (words, pictures or both) -> named rankings -> one fused list of hits."""
