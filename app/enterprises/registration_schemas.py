"""Registrations beside what is known of the firms, as JSON."""

from pydantic import Field

from app.accounts.registration_schemas import RegistrationOut


class RegistrationBeside(RegistrationOut):
    """A registration with what to look at twice: how it differs from what is known of the firm."""

    is_known: bool = Field(description="Whether a firm with this credit code is stored 企业是否已在库.")
    name_differs: bool = Field(description="Whether the stored firm has another name 名称不一致.")
    code_region: str = Field(
        description="Region in which the credit code was given out, by its digits 3 to 8 代码所载登记区划.",
        examples=["230199"],
    )
    region_differs: bool = Field(
        description="Whether the stored firm sits in another region, whose coordinator must agree 区划不一致."
    )
