"""Model fields that take only the keys of a vocabulary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """Annotation of a text field: only the keys of a vocabulary, listed as `enum` in JSON schema."""

    vocabulary: Mapping[str, str]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.vocabulary))
