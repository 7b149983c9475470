"""Why the Docker checks cannot run here."""


class SkippedError(Exception):
    """This machine cannot run a check; the message is the reason, for a person."""
