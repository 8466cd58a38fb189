"""augment: hits and conversation -> a prompt within a budget."""
