"""Units by what they measure, with exact factors."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple

# Quantity: names, a factor to the quantity's first unit. Plurals with s are understood.
_TABLE: Final = """
length: m meter metre 1 | km kilometer kilometre 1000 | cm centimeter centimetre 1/100
length: mm millimeter millimetre 1/1000 | μm micrometer micrometre micron 1/1000000
length: nm nanometer nanometre 1/1000000000 | in inch inches 127/5000 | ft foot feet 381/1250
length: yd yard 1143/1250 | mi mile 201168/125 | nautical_mile 1852
length: light_year lightyear ly 9460730472580800 | au astronomical_unit 149597870700
mass: g gram gramme 1 | kg kilogram kilogramme kilo 1000 | mg milligram 1/1000
mass: μg microgram 1/1000000 | t tonne metric_ton 1000000 | lb lbs pound 45359237/100000
mass: oz ounce 45359237/1600000 | short_ton 90718474/100
time: s sec second 1 | ms millisecond 1/1000 | min minute 60 | h hr hour 3600 | day 86400
time: week wk 604800
years: year yr 1 | month mo 1/12 | decade 10 | century centuries 100 | millennium millennia 1000
volume: l liter litre 1 | ml milliliter millilitre 1/1000 | cl centiliter centilitre 1/100
volume: m^3 1000 | cm^3 cc 1/1000 | gallon gal 473176473/125000000
area: m^2 1 | km^2 1000000 | cm^2 1/10000 | ft^2 145161/1562500 | mi^2 40468564224/15625
area: hectare ha 10000 | acre 316160658/78125
speed: m/s mps 1 | km/h kmh kph kmph 5/18 | mph mi/h 1397/3125 | knot kt 463/900
energy: j joule 1 | kj kilojoule 1000 | mj megajoule 1000000 | kwh kilowatt_hour 3600000
energy: cal calorie 523/125 | kcal kilocalorie 4184
power: w watt 1 | kw kilowatt 1000 | mw megawatt 1000000 | gw gigawatt 1000000000
voltage: v volt 1 | kv kilovolt 1000
frequency: hz hertz 1 | khz kilohertz 1000 | mhz megahertz 1000000 | ghz gigahertz 1000000000
bits: bit 1 | byte 8 | kb kilobyte 8000 | mb megabyte 8000000 | gb gigabyte 8000000000
bits: tb terabyte 8000000000000
angle: ° degree deg 1
ratio: % percent pct per_cent percentage 1/100
usd: $ dollar usd us$ us_dollar u.s._dollar american_dollar 1 | cent ¢ 1/100
eur: € euro eur 1
gbp: £ gbp pound_sterling british_pound 1 | pence penny 1/100
jpy: ¥ yen jpy 1
inr: ₹ rupee inr 1
chf: chf swiss_franc 1
"""


class Unit(NamedTuple):
    """What is measured, and how it is made the first unit of its kind: factor * (x + zero)."""

    kind: str
    factor: Fraction
    zero: Fraction = Fraction(0)


def _read_table() -> Iterator[tuple[str, Unit]]:
    for line in _TABLE.strip().splitlines():
        kind, _, units = line.partition(": ")
        for unit in units.split(" | "):
            *names, factor = unit.split()
            for name in names:
                yield name.replace("_", " "), Unit(kind, Fraction(factor))


_KELVIN: Final = Unit("temperature", Fraction(1))
_CELSIUS: Final = Unit("temperature", Fraction(1), Fraction("273.15"))
_FAHRENHEIT: Final = Unit("temperature", Fraction(5, 9), Fraction("459.67"))
_UNITS: Final = {
    **dict(_read_table()),
    **dict.fromkeys(("k", "kelvin"), _KELVIN),
    **dict.fromkeys(("°c", "celsius", "degree celsius", "degree c", "° c"), _CELSIUS),
    **dict.fromkeys(("°f", "fahrenheit", "degree fahrenheit", "degree f", "° f"), _FAHRENHEIT),
}
_POWERS: Final = {"square ": "^2", "sq ": "^2", "sq. ": "^2", "cubic ": "^3", "cu ": "^3"}
_SYMBOLS: Final = {"meter": "m", "metre": "m", "foot": "ft", "feet": "ft", "mile": "mi"}
_SYMBOLS_OF_SPEED: Final = {"second": "s", "sec": "s", "hour": "h", "hr": "h"}


def unit_named(name: str) -> Unit | None:
    """Find a unit by a name or sign in lower case, singular or plural; `None` if it is unknown."""
    name = name.removesuffix(".") if name.count(".") == 1 else name
    for prefix, power in _POWERS.items():
        if name.startswith(prefix):
            return unit_named(_symbol(name.removeprefix(prefix)) + power)
    if " per " in name or "/" in name:
        above, _, below = name.replace(" per ", "/").partition("/")
        below = below.strip()
        name = f"{_symbol(above.strip())}/{_SYMBOLS_OF_SPEED.get(below, below)}"
    first, _, rest = name.partition(" ")
    plural = f"{first.removesuffix('s')} {rest}".strip()  # degrees Celsius, pounds sterling
    one = name.removesuffix("s") if len(name) > 2 else name  # noqa: PLR2004 - ms are no metres
    return _UNITS.get(name) or _UNITS.get(one) or _UNITS.get(plural)


def _symbol(name: str) -> str:
    """Write the unit of a power or of a speed by its sign: square kilometres are km^2."""
    for long in (name, name.removesuffix("s")):
        if long in _SYMBOLS:
            return _SYMBOLS[long]
        for word, sign in (("kilo", "k"), ("centi", "c"), ("milli", "m")):
            if long.removeprefix(word) in {"meter", "metre"}:
                return f"{sign}m"
    return name
