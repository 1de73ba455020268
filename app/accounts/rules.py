"""Who is looking. Until accounts exist there is one viewer: the local operator on loopback."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person or system on whose behalf something is read or changed.

    `name` goes into records of who did it; `jurisdiction` is the region code (with all that lies
    below it) that the viewer answers for.
    """

    name: str
    jurisdiction: str

    @property
    def key(self) -> str:
        """Answer the stable key under which this viewer's idempotency keys are kept."""
        return f"operator:{self.name}"


def local_operator(jurisdiction: str) -> Viewer:
    """Answer the one local operator of an installation that listens on loopback."""
    return Viewer(name="local-operator", jurisdiction=jurisdiction)
