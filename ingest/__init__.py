"""How films come in: object notifications, film readers, checks, the reconciler."""
