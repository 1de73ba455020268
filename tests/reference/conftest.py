import pytest

from app.kernel.settings import PROJECT_ROOT
from app.reference.book import ReferenceBook, load_reference_book


@pytest.fixture(scope="session")
def book() -> ReferenceBook:
    return load_reference_book(PROJECT_ROOT / "seed")
