"""What a sample's prediction says about it, one module a task: numbers on the device first, columns of the log later."""
