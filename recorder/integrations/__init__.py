"""Recording in other people's training loops. Each module imports its framework, so import the one that you use."""
