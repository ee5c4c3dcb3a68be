"""A film that takes long to decode is decoded apart, and holds no other."""

import io
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from PIL import Image

from ingest.decoder import Decoder, Patience, TakesLong
from ingest.slow_films import SlowFilms
from schemas.errors import Refusal, Unavailable
from schemas.identities import film_id
from stack.phantoms import draw, to_8_bits
from store.records import Receipt
from tests.fakes.settings import fake_settings
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House
from tests.waiting import eventually

SLOW = b"takes long"


def many_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan is there so many times more."""
    out = io.BytesIO()
    Image.fromarray(to_8_bits(draw(5, 1200))).save(out, "JPEG", progressive=True, quality=30)
    whole = out.getvalue()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * count + whole[-2:]


@pytest.fixture(scope="module")
def impatient() -> Iterator[Decoder]:
    settings = fake_settings(decode_processes=1)
    with closing(Decoder(settings, patience=Patience(0.4, 0.1))) as decoder:
        yield decoder


def test_a_film_that_uses_up_the_patience_is_told_and_the_next_one_is_decoded(
    impatient: Decoder,
) -> None:
    assert impatient.develop(png_of(drawn())).width == 72
    with pytest.raises(TakesLong):
        impatient.develop(many_scans(2000))
    assert eventually(lambda: width_of(impatient), 30) == 72


def width_of(decoder: Decoder) -> int:
    """Return a small film's width, 0 while a busy machine makes it long, too."""
    try:
        return decoder.develop(png_of(drawn())).width
    except TakesLong:
        return 0


def test_with_patience_it_gets_all_the_time_that_a_film_may_have() -> None:
    settings = fake_settings(decode_processes=1, decode_timeout_s=3)
    with closing(Decoder(settings, patience=Patience(0.05, 0.05), nicer=1)) as decoder:
        with pytest.raises(TakesLong):
            decoder.develop(many_scans(100))
        with pytest.raises(Refusal) as refused:
            decoder.develop(many_scans(20_000), patient=True)
        assert refused.value.code == "decoder-limit"


def test_many_in_a_row_get_less_and_less_and_others_bring_it_back() -> None:
    patience = Patience(2.0, 0.5)
    for left in (1.0, 0.5, 0.5):
        patience.lose()
        assert patience.seconds == left
    for _ in range(10):
        patience.win()
    assert patience.seconds == 2.0


@pytest.fixture
def house() -> House:
    return House()


def slow_film(seed: int) -> bytes:
    return png_of(drawn(seed=seed)) + SLOW


def clock(house: House) -> SlowFilms:
    return SlowFilms(house.rows.receipts, house.handler.apart(house.decoder), 2)


def test_a_slow_film_is_set_aside_and_comes_to_its_end_apart(house: House) -> None:
    slow = house.drop("slow.png", slow_film(1))
    quick = house.drop("quick.png", png_of(drawn(seed=2)))
    house.handler.handle([slow, quick])
    assert (house.receipt(slow).state, house.receipt(quick).state) == ("received", "accepted")
    house.handler.handle([slow])
    assert house.decoder.seen == 2, "it is not tried again among the others"
    assert clock(house).once() == 1
    assert house.receipt(slow).state == "accepted"
    assert house.rows.films.get(film_id(drawn(seed=1))) is not None
    assert house.raw() == []
    assert clock(house).once() == 0
    house.handler.handle([slow])
    assert len(house.said("radiograph.received")) == 2


def test_the_clock_goes_on_where_another_was_killed(house: House) -> None:
    records = [house.drop(f"{seed}.png", slow_film(seed)) for seed in range(5)]
    house.handler.handle(records)
    assert clock(house).once() == 2
    rest = clock(house)
    while rest.once():
        pass
    assert {house.receipt(record).state for record in records} == {"accepted"}
    assert len(house.said("radiograph.received")) == 5


def test_one_that_fails_comes_again_behind_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [house.drop(f"{seed}.png", slow_film(seed)) for seed in range(3)]
    house.handler.handle(records)
    bad = house.receipt(records[0]).id
    apart = house.handler.apart(house.decoder)
    finish = apart.finish

    def failing(receipt: Receipt) -> None:
        if receipt.id == bad:
            raise RuntimeError("a bug")
        finish(receipt)

    monkeypatch.setattr(apart, "finish", failing)
    slow = SlowFilms(house.rows.receipts, apart, 2)
    with pytest.raises(RuntimeError):
        slow.once()
    assert [one.id for one in house.rows.receipts.slow(9)][-1] == bad
    with pytest.raises(RuntimeError):
        slow.once()
    states = [house.receipt(record).state for record in records]
    assert states == ["received", "accepted", "accepted"]


def test_while_a_service_is_down_slow_films_wait(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.slow_films._PAUSE_S", 0.01)
    record = house.drop("slow.png", slow_film(1))
    house.handler.handle([record])
    down = [Unavailable("minio", "down"), Unavailable("postgres", "down")]
    apart = house.handler.apart(house.decoder)
    finish = apart.finish

    def failing(receipt: Receipt) -> None:
        if down:
            raise down.pop()
        finish(receipt)

    monkeypatch.setattr(apart, "finish", failing)
    stop = threading.Event()
    thread = threading.Thread(target=SlowFilms(house.rows.receipts, apart, 2).run, args=(stop,))
    thread.start()
    try:
        eventually(lambda: house.receipt(record).state == "accepted", 20, what="read")
    finally:
        stop.set()
        thread.join()


def test_an_erased_film_that_takes_long_leaves_nothing_all_the_same(house: House) -> None:
    first = house.drop("a", slow_film(1))
    house.handler.handle([first])
    clock(house).once()
    film = house.receipt(first).film
    assert film is not None
    house.rows.tables.operator = True
    house.rows.films.erase(film, account=None)
    again = house.drop("b", slow_film(1))
    house.handler.handle([again])
    clock(house).once()
    assert (house.receipt(again).state, house.receipt(again).code) == ("rejected", "erased")
    assert "b" not in house.raw()
