"""What was typed at a command, as services take it."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from app.kernel.errors import Fault, Refused

Model = TypeVar("Model", bound=BaseModel)
LONGEST_SHOWN: Final = 80
"""Characters of a faulty value that a refusal shows."""


def body_of(
    model: type[Model], fields: Mapping[str, Any], refusal: str = "It cannot be taken as given."
) -> Model:
    """Answer what was typed as a service takes it.

    Raises:
        Refused: naming every fault.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        faults = [
            Fault(".".join(map(str, one["loc"])), one["msg"], value=str(one.get("input", ""))[:LONGEST_SHOWN])
            for one in error.errors()
        ]
        raise Refused(refusal, faults) from error


def any_version(_version: object) -> None:
    """Accept whatever version is stored: a command reads and changes in one transaction."""
