"""Times, sizes and counts as people say them."""


def duration(seconds: float) -> str:
    """Time as people say it: `"40 s"`, `"4½ min"`, `"35 min"`, `"2 h 5 min"`; never 0 s."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    halves = round(seconds / 30)
    if halves < 20:
        return f"{halves // 2}{'½' if halves % 2 else ''} min"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60:,} h {minutes % 60} min"


def gigabytes(amount: float) -> str:
    """`"2.4 GB"`; less than is worth a digit is said so."""
    return f"{amount:,.1f} GB" if amount >= 0.05 else "under 0.1 GB"


def count(number: float, singular: str, plural: str) -> str:
    """`count(1, "step", "steps")` is `"1 step"`, of 1200 it is `"1,200 steps"`, of 1.5 `"1.5 steps"`."""
    return f"{f'{number:,.1f}'.removesuffix('.0')} {singular if number == 1 else plural}"


def capital(words: str) -> str:
    """`"few steps: 9"` → `"Few steps: 9"`"""
    return words[:1].upper() + words[1:]
