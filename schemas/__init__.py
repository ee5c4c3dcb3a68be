"""What is said: events, topics, findings, tensors, identities and errors.

This folder imports nothing of ours and opens nothing. Everyone else imports it.
"""
