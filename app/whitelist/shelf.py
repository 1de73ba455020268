"""A list of values that lie on disk instead of in memory, to be gone through again and again."""

import pickle
from collections.abc import Iterator
from tempfile import TemporaryFile
from types import TracebackType
from typing import Generic, Self, TypeVar

Value = TypeVar("Value")


class Shelf(Generic[Value]):
    """Values in the order they were put down, in a private file without a name that is gone when it is closed.

    One thread at a time; going through it holds one value in memory, and may be done several times at once.
    """

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed with the shelf
        self._starts: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Throw everything away."""
        self._file.close()

    def append(self, value: Value, /) -> None:
        """Put a value down behind the others; it must be picklable.

        Raises:
            ValueError: the shelf is closed.
        """
        self._starts.append(self._file.seek(0, 2))
        pickle.dump(value, self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def __iter__(self) -> Iterator[Value]:
        for start in self._starts:
            self._file.seek(start)
            value: Value = pickle.load(self._file)  # noqa: S301 - nobody else can write to this file
            yield value
