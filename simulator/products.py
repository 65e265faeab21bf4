"""What is sold: products, their prices, and from when on they may be promoted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import Floats, Ints


@dataclass(frozen=True)
class Product:
    """One product. ``share`` is its part of the sales; ``refunds`` multiplies the honest refund rate."""

    code: str
    category: str
    promotable: bool
    recharge_card: bool
    share: float
    refunds: float
    prices_fen: tuple[int, ...]


PRODUCTS = (
    Product("ecs", "compute", True, False, 0.34, 1.0, (6900, 9900, 19900, 49900, 99900, 198000)),
    Product("rds", "database", True, False, 0.14, 1.1, (9900, 29900, 88800, 168000)),
    Product("oss", "storage", True, False, 0.13, 0.8, (900, 1900, 9900, 39900)),
    Product("cdn", "network", True, False, 0.10, 0.9, (1500, 8900, 26900)),
    Product("domain", "domain", True, False, 0.09, 0.4, (3900, 5900, 7800)),
    Product("ssl", "security", True, False, 0.05, 1.2, (19900, 68800, 198000)),
    Product("sms", "communication", True, False, 0.06, 0.5, (4200, 12000, 36000)),
    Product("training", "training", False, False, 0.03, 1.4, (19900, 99900)),
    Product("support", "service", True, False, 0.03, 0.9, (29900, 129900)),  # promotable in the first half only
    Product("card", "recharge", True, True, 0.03, 0.3, (10000, 50000, 100000)),
)
INDEX = {product.code: index for index, product in enumerate(PRODUCTS)}
SHARES: Floats = np.array([p.share for p in PRODUCTS])
REFUNDS: Floats = np.array([p.refunds for p in PRODUCTS])


def draw_products(count: int, rng: np.random.Generator) -> Ints:
    """Products as they sell."""
    return rng.choice(len(PRODUCTS), size=count, p=SHARES / SHARES.sum()).astype(np.int64)


def list_prices(product: Ints, rng: np.random.Generator) -> Ints:
    """A list price in fen for each product sold: cheap ones more often, some for three or twelve months."""
    width = max(len(p.prices_fen) for p in PRODUCTS)
    table = np.array([[p.prices_fen[min(i, len(p.prices_fen) - 1)] for i in range(width)] for p in PRODUCTS])
    length = np.array([len(p.prices_fen) for p in PRODUCTS])[product]
    step = (rng.random(len(product)) ** 2.2 * length).astype(np.int64)
    terms = np.array([1, 3, 12])[rng.choice(3, size=len(product), p=[0.78, 0.14, 0.08])]
    once = np.isin(product, (INDEX["card"], INDEX["domain"], INDEX["training"]))
    return np.asarray(table[product, step] * np.where(once, 1, terms), dtype=np.int64)
