"""A chest check that asks no model: for tests of what comes before and after it."""

from ingest.chest import Tensor
from schemas.errors import Refusal
from schemas.film_check import known_checks
from store.records import View

SIDE = 64


class FakeChest:
    """Stands in for ingest.chest.ChestCheck.

    Says `says` of every film besides what view and age say; raises `raises`, if set; `asked` keeps
    (shape, urgent) of each film it was asked about, `oriented` whether its file says how it lies,
    `side_view` whether that is a lateral film's way.
    """

    def __init__(self) -> None:
        self.says: dict[str, float] = {}
        self.raises: Refusal | None = None
        self.asked: list[tuple[tuple[int, ...], bool]] = []
        self.oriented: list[bool] = []
        self.side_view: list[bool] = []

    def side(self) -> int:
        return SIDE

    def judge(
        self,
        tensor: Tensor,
        *,
        view: View | None,
        age: int | None,
        urgent: bool,
        passed: bool = False,
        oriented: bool = False,
        side_view: bool = False,
    ) -> dict[str, float]:
        self.asked.append((tensor(SIDE).shape, urgent))
        self.oriented.append(oriented)
        self.side_view.append(side_view)
        if self.raises is not None and not passed:
            raise self.raises
        return known_checks(view=view, age=age) | self.says
