"""Figures of the report: each is a frozen dataclass with a drawing, a text summary and the sentence that says how to read it."""
