"""Makes the fitted parts of the reader: the turn model, how a contact ended, claims against prose, plain words."""
