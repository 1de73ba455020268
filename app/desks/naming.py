"""What pages call institutions, products and others: their names, with the code beside only those that share one. Pure."""

from collections import Counter
from collections.abc import Mapping


class Names:
    """Names by code; a code without name stands for itself."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._times = Counter(names.values())

    def of(self, code: str) -> str:
        """Answer what something is called."""
        return self._names.get(code, code)

    def aside(self, code: str) -> str:
        """Answer the code where another of them is called alike; else ""."""
        return code if self._times[self._names.get(code, "")] > 1 else ""
