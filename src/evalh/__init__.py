"""evalh: evaluation of AI voice and chat agents that make offers in customer-service conversations."""

__version__ = "0.1.0"
