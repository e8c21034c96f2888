from pathlib import Path

import pytest
import torch

from helpers.data import CARD_HANDS, MESSAGES, DataError, load_csv

REVIEWS = Path(__file__).resolve().parents[2] / "shared" / "data" / "customer_reviews.csv"


def write(folder, content, name="mine.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(n, label=lambda index: "ab"[index % 2]):
    return "".join(f"word{index} same,{label(index)}\n" for index in range(n))


def test_card_hands():
    data = load_csv(CARD_HANDS)
    assert data.x_train.shape == (6_000, 7)
    assert data.x_val.shape == (2_000, 7)
    assert data.vocab_size == 54
    assert data.n_classes == 7
    assert data.x_train.min() == 2  # nothing padded, nothing unknown
    assert "6,000 train, 2,000 val, 4,000 test rows" in data.describe()


def test_messages_are_padded_with_zeros_on_the_right():
    data = load_csv(MESSAGES)
    is_token = (data.x_train != 0).int()
    assert (is_token.diff(dim=1) <= 0).all()
    assert (is_token.sum(dim=1) < data.max_length).any()


def test_tokens_and_classes_are_numbered_as_in_the_file(tmp_path):
    path = write(tmp_path, "text,label,split\nb a b,10,train\na c,2,train\nz a,2,val\nb,10,test\n")
    data = load_csv(path)
    assert data.classes == ["2", "10"]
    assert data.vocab == {"a": 2, "b": 3, "c": 4}
    assert data.x_train.tolist() == [[3, 2, 3], [2, 4, 0]]
    assert data.y_train.tolist() == [1, 0]
    assert data.x_val.tolist() == [[1, 2, 0]]  # z was not seen in training
    assert data.encode(["c b"]).tolist() == [[4, 3, 0]]


def test_longer_texts_are_cut(tmp_path):
    path = write(tmp_path, "text,label,split\na b c,x,train\na,y,train\na,x,val\na,x,test\n")
    assert load_csv(path, max_length=2).x_train.tolist()[0] == [2, 3]


def test_without_a_split_column_each_class_is_split_by_shares(tmp_path):
    path = write(tmp_path, "text,label\n" + rows(100, lambda index: "a" if index < 80 else "b"))
    data = load_csv(path)
    assert torch.bincount(data.y_train).tolist() == [48, 12]
    assert torch.bincount(data.y_val).tolist() == [16, 4]
    assert torch.bincount(data.unlock_test()[1]).tolist() == [16, 4]
    assert torch.equal(load_csv(path).x_train, data.x_train)
    assert not torch.equal(load_csv(path, seed=1).y_train, data.y_train)


def test_limit_takes_the_first_rows_of_each_part():
    data = load_csv(CARD_HANDS, limit=50)
    assert len(data.x_train) == len(data.x_val) == len(data.unlock_test()[0]) == 50
    assert torch.equal(data.y_train, load_csv(CARD_HANDS).y_train[:50])


def test_a_tokenizer_of_ones_own(tmp_path):
    path = write(tmp_path, "text,label\n" + "天地玄黄,甲\n宇宙洪荒,乙\n" * 10)
    assert load_csv(path, tokenize=list).max_length == 4


def test_opening_the_test_part_twice_is_said(capsys):
    data = load_csv(CARD_HANDS, limit=5)
    data.unlock_test()
    assert capsys.readouterr().out == ""
    data.unlock_test()
    assert "opened 2 times" in capsys.readouterr().out


BROKEN = {
    "no text column": ("words,label\na,b\n", r"line 1: there is no column 'text', only 'words', 'label'"),
    "no label column": ("text,class\na,b\n", r"line 1: there is no column 'label'"),
    "an empty file": ("", r"the file is empty; it needs a header line"),
    "only a header": ("text,label\n", r"a header line but no row"),
    "one class": ("text,label\n" + rows(20, lambda _: "spam"), r"'label' holds only 'spam'"),
    "a class with too few rows": ("text,label\n" + rows(20) + "x,rare\n", r"class 'rare' has 1 rows; at least 5"),
    "an empty text": ("text,label\n" + rows(3) + ",a\n", r"line 5: the text is empty"),
    "a text of spaces": ("text,label\n   ,a\n", r"line 2: the text is empty"),
    "an empty label": ("text,label\nhello,\n", r"line 2: the label is empty"),
    "a row that is too short": ("text,label\nhello\n", r"line 2: the label is empty"),
    "an unknown split": ("text,label,split\na,b,training\n", r"line 2: the split is 'training'; it must be train"),
    "a part without rows": ("text,label,split\na,b,train\nb,c,val\n", r"no row has the split 'test'"),
    "a class that is not in training": (
        "text,label,split\na,b,train\na,c,train\na,d,val\na,b,test\n",
        r"class 'd' has no row in the split 'train'",
    ),
    "another encoding": ("text,label\ngut,a\nschön,b\n".encode("latin-1"), r"line 3: this is not UTF-8 text"),
    "an unclosed quotation mark": ('text,label\n"hello,a\n', r"not valid CSV .* quotation mark"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_gets_one_sentence_that_names_it(case, tmp_path):
    content, words = BROKEN[case]
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=words) as caught:
        load_csv(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.csv: there is no such file; the current folder is"):
        load_csv(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="this is a folder"):
        load_csv(tmp_path)


def test_a_byte_order_mark_and_quoted_line_breaks_are_read(tmp_path):
    path = write(tmp_path, "\ufefftext,label\n" + '"two\nlines",a\n"a, comma",b\n' * 5)
    assert load_csv(path).n_classes == 2


def test_only_line_ends_end_a_row(tmp_path):
    path = write(tmp_path, "text,label\r\n" + "one\u2028two\x0cthree,a\r\nfour\x85five,b\r\n" * 5)
    data = load_csv(path)
    assert len(data.y_train) + len(data.y_val) + len(data.unlock_test()[1]) == 10


@pytest.mark.skipif(not REVIEWS.exists(), reason=f"{REVIEWS.name} does not lie beside this checkout")
def test_real_reviews(tmp_path):
    with pytest.raises(DataError, match="line 770: the text is empty"):
        load_csv(REVIEWS)
    lines = REVIEWS.read_text(encoding="utf-8").splitlines(keepends=True)
    mended = write(tmp_path, "".join(line for line in lines if not line.startswith(",")))
    data = load_csv(mended)
    assert data.classes == ["negative", "positive"]
    assert len(data.y_train) + len(data.y_val) + len(data.unlock_test()[1]) == 3_771
