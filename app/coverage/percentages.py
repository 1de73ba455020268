"""Shares in percent as they are published (pure)."""


def percent_text(numerator: int, denominator: int) -> str | None:
    """Answer numerator / denominator (none below zero) in percent with two places, rounded half up; None when out of nothing."""
    if denominator == 0:
        return None
    hundredths = (numerator * 20_000 + denominator) // (2 * denominator)
    return f"{hundredths // 100}.{hundredths % 100:02}"
