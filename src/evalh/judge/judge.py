"""The judge: tasks in, outcomes out, as futures."""
