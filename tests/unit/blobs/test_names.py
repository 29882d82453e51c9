"""File names are made harmless, and keep their letters."""

import pytest

from hub.blobs.names import LONGEST, clean


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("vlasnički list.pdf", "vlasnički list.pdf"),
        ("Заява про підключення.pdf", "Заява про підключення.pdf"),
        ("Љиљана Ђорђевић, молба.docx", "Љиљана Ђорђевић, молба.docx"),
        ("c\u030c.pdf", "č.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ana\\slika.jpg", "slika.jpg"),
        ("..\\..\\x.pdf", "x.pdf"),
        ("/", "file"),
        ("...", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("slika.jpg\x00.exe", "slika.jpg.exe"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ("racun\u202efdp.exe", "racunfdp.exe"),
        ("a\u200bb\u2066c.pdf", "abc.pdf"),
        ('x"><script>.pdf', "x___script_.pdf"),
        ('=cmd|"/c calc"!A1.csv', "c calc_!A1.csv"),
        ("=1+1.csv", "_=1+1.csv"),
        ("-rf.pdf", "_-rf.pdf"),
        ("@SUM(A1).csv", "_@SUM(A1).csv"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("contract.txt", "contract.txt"),
        ("  a  b .pdf. ", "a b .pdf"),
    ],
)
def test_names(given: str, kept: str) -> None:
    assert clean(given, otherwise="file") == kept


def test_long_names_keep_their_ending() -> None:
    kept = clean("č" * 500 + ".pdf", otherwise="file")
    assert (len(kept), kept[-5:]) == (LONGEST, "č.pdf")
    assert len(clean("x" * 500, otherwise="file")) == LONGEST
