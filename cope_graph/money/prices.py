"""What a model costs: the user's prices first, then the public list of genai-prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from cope_graph.errors import InputError
from cope_graph.models.usage import Usage

MILLION = Decimal(1_000_000)
HOUR = Decimal(3600)
_EXAMPLE: Final = "{'small': Price.of('0.15', '0.60')}"


@dataclass(frozen=True)
class Price:
    """USD per million tokens, or per hour of a GPU.

    Attributes:
        input: Prompt tokens.
        output: Completion tokens, reasoning included.
        cached: Prompt tokens read from the provider's cache; `None` means as `input`.
        gpu_hour: USD per hour that the model works; requests side by side share it.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    gpu_hour: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is no price, before anything is paid."""
        for part in (self.input, self.output, self.cached, self.gpu_hour):
            if part is None:
                continue
            if not isinstance(part, Decimal) or not part.is_finite() or part < 0:
                msg = (
                    f"A price is a Decimal of 0 or more, not {part!r}: use Price.of('0.1', '0.4')."
                )
                raise InputError(msg)

    @property
    def counts_tokens(self) -> bool:
        """Whether tokens cost anything."""
        return any((self.input, self.output, self.cached))

    @classmethod
    def of(
        cls,
        input: str | float | Decimal,  # noqa: A002
        output: str | float | Decimal,
        cached: str | float | Decimal | None = None,
    ) -> Price:
        """Make a price as it is written, as in `Price.of("0.15", "0.60")` or `(0.15, 0.6)`."""
        try:
            read = None if cached is None else Decimal(str(cached))
            return cls(Decimal(str(input)), Decimal(str(output)), read)
        except InvalidOperation as error:
            msg = f"The price {input!r}, {output!r}, {cached!r} is not made of decimal numbers."
            raise InputError(msg) from error

    @classmethod
    def per_gpu_hour(cls, usd: str | float | Decimal) -> Price:
        """Make the price of a model on a rented machine, as in `Price.per_gpu_hour("1.20")`."""
        try:
            return cls(Decimal(0), Decimal(0), gpu_hour=Decimal(str(usd)))
        except InvalidOperation as error:
            msg = f"The price {usd!r} of a GPU hour is not a decimal number."
            raise InputError(msg) from error

    @classmethod
    def parse(cls, text: str) -> Price:
        """Read `"0.15,0.60"`, `"0.15,0.60,0.075"` (input, output, cached) or `"1.20/h"`.

        Raises:
            InputError: It is not two or three numbers of 0 or more, nor one an hour.
        """
        if text.strip().endswith("/h"):
            return cls.per_gpu_hour(text.strip().removesuffix("/h"))
        parts = [part.strip() for part in text.split(",")]
        if len(parts) not in (2, 3):
            msg = (
                f"The price {text!r} is not 'INPUT,OUTPUT' in USD per million tokens, nor 'USD/h'."
            )
            raise InputError(msg)
        return cls.of(*parts)


FREE = Price(Decimal(0), Decimal(0))
"""The price of a model on the user's own machine, unless one is given."""


def cost(usage: Usage, price: Price, gpu_seconds: float = 0.0) -> Decimal:
    """Price one request in USD, to the last digit.

    Args:
        usage: Its tokens.
        price: What its model costs.
        gpu_seconds: Its share of the model's working time, for a price by the hour.
    """
    cached = price.input if price.cached is None else price.cached
    fresh = usage.input_tokens - usage.cached_tokens
    total = fresh * price.input + usage.cached_tokens * cached + usage.output_tokens * price.output
    hours = Decimal(str(gpu_seconds)) * (price.gpu_hour or Decimal(0)) / HOUR
    return total / MILLION + hours


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


def checked_prices(prices: object) -> dict[str, Price]:
    """Read the prices given to `create_cope`: each a `Price`, or what `Price.parse` reads.

    Raises:
        InputError: They are no mapping, or a value is no price.
    """
    if not isinstance(prices, Mapping | None):
        msg = f"prices is a {type(prices).__name__}, no dict: pass prices={_EXAMPLE}."
        raise InputError(msg)
    return {name: _price(name, given) for name, given in (prices or {}).items()}


def _price(name: object, given: object) -> Price:
    if isinstance(given, Price):
        return given
    if isinstance(given, str):
        return Price.parse(given)
    msg = f"prices[{name!r}] is {given!r:.60}, no Price: pass prices={_EXAMPLE}."
    raise InputError(msg)


def given_prices(texts: Mapping[str, str | None]) -> dict[str, Price]:
    """Read the prices a user gave as text, by side; those not given are left out.

    Raises:
        InputError: A text is no price.
    """
    return {name: Price.parse(text) for name, text in texts.items() if text}
