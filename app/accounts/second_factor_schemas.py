"""The second factor as JSON."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class SecondFactorOut(BaseModel):
    """How it stands with one's own second factor."""

    since: datetime | None = Field(description="Since when it is in force 启用时间; null while it is not.")
    recovery_codes_left: int = Field(description="Recovery codes 恢复码 that were not used.")
    is_required: bool = Field(description="A role of yours may be used with a second factor only.")


class EnrolmentOut(BaseModel):
    """A secret for an authenticator app, shown this once; it counts from its first code on."""

    secret: str = Field(description="Base32; to type in.")
    uri: str = Field(description="`otpauth:` address; apps take it in.")
    qr_svg: str = Field(description="The address as a QR code 二维码, an SVG element.")


class CodeIn(BaseModel):
    """A code of the authenticator app."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(
        min_length=6,
        max_length=40,
        pattern=r"^[0-9A-Za-z -]*$",
        description="Six digits 动态口令, or a recovery code 恢复码 where one is in force.",
        examples=["123456"],
    )


class RecoveryCodesOut(BaseModel):
    """Codes for who loses the app, shown this once; each counts once."""

    codes: list[str] = Field(description="Recovery codes 恢复码; earlier ones hold no more.")
