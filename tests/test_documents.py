import pytest

from documents import check


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param("a  b", "a b\n", id="white space"),
        pytest.param("done ... 3 rows", "done in 5.2 s, 3 rows", id="anything between"),
        pytest.param(".87 [.85-.89] n=605", ".88 [.86-.89] n=606", id="small differences"),
    ],
)
def test_what_comes_back_may_differ_a_little(expected, found):
    check(expected, found, "page:1")


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param("3 rows", "4 rows", id="small whole numbers"),
        pytest.param("accuracy .87", "accuracy .77", id="another value"),
        pytest.param("one line", "one line\nand another", id="more than is shown"),
        pytest.param("spam ham", "ham spam", id="other words"),
    ],
)
def test_anything_else_fails_the_page(expected, found):
    with pytest.raises(AssertionError, match="page:1 expects"):
        check(expected, found, "page:1")
