"""What goes wrong through no fault of the program: one line, and exit status 2."""


class WrongInput(ValueError):
    """Data, a flag or a folder is not what was wanted; the message says what came and where."""


class Stopped(RuntimeError):
    """A run ended before its end and can go on from its checkpoint; the message says how."""
