import pytest

from radiotheque.__main__ import main


@pytest.mark.parametrize(
    "words",
    [
        ("account", "add", "Zo\udce9"),
        ("account", "add", "Zoé", "--site", "\udcff"),
        ("account", "token", "x" * 201),
        ("comment", "add", "0" * 64, "Zoé", "\u202egnp"),
        ("label", "add", "0" * 64, "Edema", "--author", "\udc80"),
        ("film", "remove", "\udc80"),
    ],
)
def test_words_that_no_row_can_keep_are_refused_before_anything_is_asked(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(list(words))
    assert "wanted plain text, came" in capsys.readouterr().err
