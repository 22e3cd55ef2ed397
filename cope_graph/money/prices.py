"""What a model costs: the user's prices first, then the public list of genai-prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from cope_graph.errors import InputError
from cope_graph.models.usage import Usage

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Price:
    """USD per million tokens.

    Attributes:
        input: Prompt tokens.
        output: Completion tokens, reasoning included.
        cached: Prompt tokens read from the provider's cache; `None` means as `input`.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is no price, before anything is paid."""
        for part in (self.input, self.output, self.cached):
            if part is None:
                continue
            if not isinstance(part, Decimal) or not part.is_finite() or part < 0:
                msg = (
                    f"A price is a Decimal of 0 or more, not {part!r}: use Price.of('0.1', '0.4')."
                )
                raise InputError(msg)

    @classmethod
    def of(cls, input: str, output: str, cached: str | None = None) -> Price:  # noqa: A002
        """Make a price from decimal strings, as in `Price.of("0.15", "0.60")`."""
        try:
            parts = [Decimal(part) for part in (input, output, cached) if part is not None]
        except InvalidOperation as error:
            msg = f"The price {input!r}, {output!r}, {cached!r} is not made of decimal numbers."
            raise InputError(msg) from error
        return cls(*parts)

    @classmethod
    def parse(cls, text: str) -> Price:
        """Read a price from `"0.15,0.60"` or `"0.15,0.60,0.075"`: input, output, cached.

        Raises:
            InputError: It is not two or three numbers of 0 or more.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) not in (2, 3):
            msg = f"The price {text!r} is not 'INPUT,OUTPUT' in USD per million tokens."
            raise InputError(msg)
        return cls.of(*parts)


FREE = Price(Decimal(0), Decimal(0))
"""The price of a model on the user's own machine, unless one is given."""


def cost(usage: Usage, price: Price) -> Decimal:
    """Price one request in USD, to the last digit."""
    cached = price.input if price.cached is None else price.cached
    fresh = usage.input_tokens - usage.cached_tokens
    total = fresh * price.input + usage.cached_tokens * cached + usage.output_tokens * price.output
    return total / MILLION


def load_list() -> None:
    """Load the public list now: it reads files, which no event loop should wait for."""
    import genai_prices.data_snapshot  # noqa: PLC0415

    genai_prices.data_snapshot.get_snapshot()


def listed_cost(usage: Usage, model: str, api_url: str | None) -> Decimal | None:
    """Price one request by the public list.

    Args:
        usage: Its tokens.
        model: The provider's name of the model.
        api_url: The server asked, `None` for the provider's own. A server that is not on the
            list has no listed price, whatever its model is called.

    Returns:
        USD, or `None` when the list does not know the model.
    """
    # Imported here: a graph on own prices never needs the list.
    from genai_prices import Usage as ListedUsage  # noqa: PLC0415
    from genai_prices import calc_price  # noqa: PLC0415

    listed = ListedUsage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
    )
    try:
        return calc_price(listed, model, provider_api_url=api_url).total_price
    except (LookupError, ValueError):  # not on the list, or a usage its rules do not cover
        return None


def own_price(prices: Mapping[str, Price], names: tuple[str, ...]) -> Price | None:
    """Find the user's price for a model known by any of these names."""
    return next((prices[name] for name in names if name in prices), None)


def given_prices(texts: Mapping[str, str | None]) -> dict[str, Price]:
    """Read the prices a user gave as text, by side; those not given are left out.

    Raises:
        InputError: A text is no price.
    """
    return {name: Price.parse(text) for name, text in texts.items() if text}
