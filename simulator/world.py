"""What kind of programme is simulated: its size and the rates of its honest life and of its cheats."""

from __future__ import annotations

from dataclasses import dataclass

from data_contracts.errors import UsageError


@dataclass(frozen=True)
class World:
    """The shape of a simulated programme. Rates are shares between 0 and 1 unless the name says otherwise.

    ``accounts`` is the number of rows of the accounts feed, ``promoters`` the number of distinct promoters,
    ``months`` the calendar months of the programme's life. The same values give the same bytes.
    """

    accounts: int
    promoters: int
    months: int
    seed: int
    honest: bool = False  # no cheats at all
    outage: bool = True  # one day on which everybody's refunds rise
    dirt: float = 0.0  # share of rows with a planted, documented fault

    organic: float = 0.38  # accounts nobody referred
    second_accounts: float = 0.02  # honest people with a second account
    campus: float = 0.12  # people who live on a campus, behind one address
    office: float = 0.20  # people seen behind an office address
    verified: float = 0.70  # accounts with an identity document
    virtual_numbers: float = 0.04  # honest numbers of virtual operators
    recycled_phones: float = 0.015  # numbers that somebody else had months before
    second_hand_devices: float = 0.012
    common_fingerprints: float = 0.04  # browsers that look alike
    lab_devices: float = 0.02  # students who also use a machine of their campus
    family_devices: float = 0.004  # housemates who use one device at the same time
    family_hand_downs: float = 0.006  # a housemate's old device, used after a rest
    family_cards: float = 0.001  # housemates who pay with one card
    placeholders: float = 0.003  # sightings whose value is a placeholder

    refund_rate: float = 0.055  # mean over honest promoters
    refund_spread: float = 3.0  # gamma shape of the promoters' rates: smaller is wider
    heavy_refunders: float = 0.01  # honest people who send half of it back
    outage_share: float = 0.06  # of the orders of the last 30 days, refunded on the outage day

    cheating_promoters: float = 0.22
    careful: float = 0.62  # of the cheats with accounts of their own
    late_traces: float = 0.12  # careful accounts whose traces appear weeks after registration
    traceless: float = 0.05  # careful accounts that leave a single trace

    def __post_init__(self) -> None:
        if self.accounts < 4 * self.promoters or self.promoters < 1 or self.months < 1:
            raise UsageError(
                f"A world of {self.accounts} accounts, {self.promoters} promoters and {self.months} months "
                "is too small: give at least one promoter, one month and four accounts for each promoter."
            )
        if self.seed < 0:
            raise UsageError(f"The seed is {self.seed}: give a whole number from 0 up.")
