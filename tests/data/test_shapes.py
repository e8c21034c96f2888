"""Files in the shapes that people have: each is read as a person reads it, or refused with advice that works."""

import csv
import gzip
import importlib.util
import io
import itertools
import json
import zipfile
from dataclasses import dataclass, field

import pandas as pd
import pytest

from helpers.data import DataError, load_csv

COLOURS = ["red", "blue", "green", "black", "white", "brown", "pink", "grey", "gold", "pale"]
THINGS = ["lamp", "tent", "sofa", "radio", "scarf", "drill", "mirror", "carpet", "helmet", "teapot"]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "monday night", "tuesday night",
        "wednesday night", "thursday night", "friday night"]


def rows(n=60, labels=("neg", "pos"), form="the {} {} came on {} and it was fine"):
    """Different texts of frequent words, each with one of the labels in turn."""
    combinations = itertools.product(DAYS, THINGS, COLOURS)
    return [(form.format(colour, thing, day), labels[number % len(labels)])
            for number, (day, thing, colour) in enumerate(itertools.islice(combinations, n))]


def chinese(labels=("0", "1"), form="这家店的{}{}我买了{}个觉得还不错、下次再来",
            signs=("红蓝绿黑白", "灯伞车书桌椅", "三四")):
    """Sixty texts without a space, the same in kind."""
    return [(form.format(*three), labels[number % len(labels)])
            for number, three in enumerate(itertools.product(*signs))]


ROWS = rows()
COMMAS = rows(form="well, the {} {}, it came on {}, and it was fine")
CAFE = rows(form="the {} {} of the café came on {} and it was déjà vu")
TEXT, LABEL = ROWS[7]  # one that has to come out


def save(folder, name, content, encoding="utf-8"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def lines(folder, name, records, sep=",", end="\n", encoding="utf-8"):
    """Fields joined as they are, without any quotation mark."""
    return save(folder, name, "".join(sep.join(record) + end for record in records), encoding)


def table(folder, name, records, header=None, encoding="utf-8", **options):
    """A table as Python's csv writes it."""
    memory = io.StringIO()
    csv.writer(memory, lineterminator="\n", **options).writerows([header] * bool(header) + records)
    return save(folder, name, memory.getvalue(), encoding)


def zipped(folder, name, files):
    with zipfile.ZipFile(folder / name, "w") as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
    return folder / name


def is_missing(package):
    return bool(package) and importlib.util.find_spec(package) is None


def excel(folder, **sheets):
    """A workbook of these sheets, or by default of one with a header; without openpyxl, what is no workbook."""
    if is_missing("openpyxl"):
        return zipped(folder, "a.xlsx", {"xl/workbook.xml": ""})
    with pd.ExcelWriter(folder / "a.xlsx") as book:
        for name, records in (sheets or {"Sheet1": [("text", "label"), *ROWS]}).items():
            pd.DataFrame(records).to_excel(book, sheet_name=name, index=False, header=False)
    return folder / "a.xlsx"


def rewritten(archive, old, new):
    """The same archive, with other words in a file of it."""
    with zipfile.ZipFile(archive) as file:
        content = {name: file.read(name).decode() for name in file.namelist()}
    return zipped(archive.parent, archive.name, {name: text.replace(old, new) for name, text in content.items()})


def parquet(folder, **columns):
    """A file of these columns beside the text; without pyarrow, what is no such file."""
    if is_missing("pyarrow"):
        return save(folder, "a.parquet", b"PAR1")
    frame = pd.DataFrame(ROWS, columns=["text", "label"]).assign(**columns)
    frame.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def class_folders(folder, records=ROWS):
    for number, (text, label) in enumerate(records):
        save(folder, f"{label}/{number}_7.txt", text)
    return folder


def with_splits(folder, names, sizes=(40, 10, 10)):
    marks = [name for name, size in zip(names, sizes, strict=True) for _ in range(size)]
    return table(folder, "a.csv", [(*row, mark) for row, mark in zip(ROWS, marks, strict=True)],
                 ["text", "label", "split"])


def one_file_per_split(folder, names=("train", "val", "test"), ends=(40, 50, 60)):
    return {name: table(folder, f"{name}.csv", ROWS[start:end], ["text", "label"])
            for name, start, end in zip(names, (0, *ends), ends, strict=False)}


def json_lines(records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@dataclass
class Shape:
    """A file, and what a person sees in it.

    make: folder -> what `load_csv` gets. hint: the argument that may be needed. refused: words of the sentence, if it
    is not read. warns: words of the report. needs: a package; without it, the sentence names it.
    """

    name: str
    make: callable
    rows: int = 60
    classes: tuple = ("neg", "pos")
    texts: tuple = (TEXT,)  # one of these has to come out, with this label
    label: str = LABEL
    hint: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    refused: str = ""
    warns: str = ""
    parts: tuple = ()
    needs: str = ""


def shape(name, make, *texts, **expected):
    return Shape(name, make, texts=texts or (TEXT,), **expected)


def pair(label, records=ROWS):
    """The first text with this label."""
    return next(text for text, of in records if of == label)


SMS = [(label, f'"{text}' if number % 9 == 4 else text)
       for number, (text, label) in enumerate(rows(labels=("ham", "ham", "spam")))]
NEWS = [(label, "Red lamp arrives", text) for text, label in rows(labels=("1", "2", "3"))]
TWEETS = [(label, f"14678{number:05}", "Mon Apr 06 22:19:45 PDT 2009", "NO_QUERY", f"user{number}", text)
          for number, (text, label) in enumerate(rows(labels=("0", "4"), form="@anna, the {} {} came on {}, fine"))]
AIRLINE = ["tweet_id", "airline_sentiment", "airline_sentiment_confidence", "negativereason",
           "negativereason_confidence", "airline", "airline_sentiment_gold", "name", "negativereason_gold",
           "retweet_count", "text", "tweet_coord", "tweet_created", "tweet_location", "user_timezone"]
FIFTEEN = [(f"5703{number:04}", label, "1.0", "", "", "Blue Air", "", f"name{number}", "", "0", text, "", "2015-02-24",
            "Berlin", "Quito") for number, (text, label) in enumerate(COMMAS)]
NO_HEADER = [(f"{number}", "Red lamp", text, ("FALSE", "TRUE")[number % 2]) for number, (text, _) in enumerate(COMMAS)]
THREE = [(label, "1", text) for text, label in ROWS]
BANKING = rows(616, labels=tuple(f"reason_{number}" for number in range(77)))
CLINC = rows(1_200, labels=tuple(f"intent {number}" for number in range(150)))
TOXIC = [(f"{number:016x}", text, *("01"[number % k == 0] for k in (2, 3, 5)))
         for number, (text, _) in enumerate(COMMAS)]
COLA = [("gj04", "01"[number % 2], "", text) for number, (text, _) in enumerate(ROWS)]
GERMAN = rows(form="die {} {} kam am {}, für 50 € völlig überteuert; schöne Grüße, viel Ärger über Öl und Füße")
RUSSIAN = rows(form="мне очень понравился {} {} который пришёл в понедельник {} спасибо")
JAPANESE = chinese(form="この店で{}い{}を{}つ買いました。とても良かったです",
                   signs=("赤青白黒丸", "傘車本机帽鞄", "二三"))
AMOUNTS = [(text, f"{3 + number * 7.31:.2f}") for number, (text, _) in enumerate(ROWS)]
ESCAPED = [(f'he said "{text}" and left', label) for text, label in ROWS]

SHAPES = [
    # Tables, and what separates their columns
    shape("text,label", lambda at: table(at, "a.csv", COMMAS, ["text", "label"]), COMMAS[7][0]),
    shape("no ending", lambda at: table(at, "mydata", COMMAS, ["text", "label"]), COMMAS[7][0]),
    shape("tab, no header, label first, quotes literal", lambda at: lines(at, "SMSSpamCollection", SMS, "\t"),
          SMS[4][1], classes=("ham", "spam"), label=SMS[4][0]),
    shape("TSV with a header", lambda at: lines(at, "dev.tsv", [("sentence", "label"), *ROWS], "\t")),
    shape("TSV with quotes that never close", lambda at: lines(
        at, "a.tsv", [("text", "label"), *((f'"{text}' if number % 3 == 1 else text, label)
                                         for number, (text, label) in enumerate(ROWS))], "\t"), f'"{TEXT}'),
    shape("text, tab, 0/1 in a .txt, commas in the texts", lambda at: lines(
        at, "yelp_labelled.txt", [(text, "01"[number % 2]) for number, (text, _) in enumerate(COMMAS)], "\t"),
        COMMAS[7][0], classes=("0", "1"), label="1"),
    shape("tabs in a .csv", lambda at: table(at, "a.csv", COMMAS, ["text", "label"], delimiter="\t"), COMMAS[7][0]),
    shape("commas in a .tsv", lambda at: table(at, "a.tsv", COMMAS, ["text", "label"]), COMMAS[7][0]),
    shape("bars", lambda at: table(at, "a.csv", COMMAS, ["text", "label"], delimiter="|"), COMMAS[7][0]),
    shape("semicolons, cp1252, Windows line ends", lambda at: table(
        at, "a.csv", [(f"{text}; nun 3,50 € für „dich“", label) for text, label in COMMAS], ["Text", "Label"], "cp1252",
        delimiter=";"), f"{COMMAS[7][0]}; nun 3,50 € für „dich“"),
    shape("sep=; in the first line", lambda at: save(at, "a.csv", "sep=;\r\ntext;label\r\n" + "".join(
        f"{text};{label}\r\n" for text, label in COMMAS)), COMMAS[7][0]),
    shape("sep=, in the first line", lambda at: save(at, "a.csv", "sep=,\ntext,label\n" + "".join(
        f'"{text}",{label}\n' for text, label in COMMAS)), COMMAS[7][0]),
    shape("id;text, free;label", lambda at: lines(at, "a.csv", [("id", "text, free", "label"), *(
        (str(number), text, label) for number, (text, label) in enumerate(COMMAS))], ";"), COMMAS[7][0],
        hint={"text": "text, free"}),
    shape("_!_ as separator", lambda at: lines(at, "toutiao.txt", [
        (f"65517{number:04}", label, "news", text)
        for number, (text, label) in enumerate(chinese(labels=("101", "102")))], "_!_"),
        chinese()[7][0], classes=("101", "102"), label="102", hint={"sep": "_!_", "text": 3, "label": 1}),
    shape("a space after each comma", lambda at: lines(at, "a.csv", [("label", "text"), *(
        (label, f'"{text}"') for text, label in COMMAS)], ", "), COMMAS[7][0]),
    shape("backslash before quotation marks", lambda at: save(at, "a.csv", "text,label\n" + "".join(
        '"{}",{}\n'.format(text.replace('"', '\\"'), label) for text, label in ESCAPED)), ESCAPED[7][0]),
    shape("bare CR line ends, six columns, no header", lambda at: lines(at, "a.csv", [
        tuple(f'"{cell}"' for cell in record) for record in TWEETS], ",", "\r", "latin-1"), TWEETS[7][5],
        classes=("0", "4"), label="4", hint={"text": 5, "label": 0}),
    shape("byte order mark", lambda at: table(at, "a.csv", COMMAS, ["text", "label"], "utf-8-sig"), COMMAS[7][0]),
    shape("byte order mark and semicolons", lambda at: table(
        at, "a.csv", COMMAS, ["text", "label"], "utf-8-sig", delimiter=";"), COMMAS[7][0]),
    shape("single quotation marks around texts", lambda at: table(
        at, "a.csv", COMMAS, ["text", "label"], quotechar="'"), COMMAS[7][0], hint={"quotechar": "'"}),
    shape("commas in texts without quotes", lambda at: lines(at, "a.csv", [("label", "text"), *(
        (label, text + ", really" * (number % 2)) for number, (text, label) in enumerate(COMMAS))]), COMMAS[8][0],
        label="neg", refused="line 2"),
    shape("a title and a comment above the header", lambda at: save(at, "a.csv", "Answers of March,\n# by hand\n\n" + (
        table(at, "b.csv", COMMAS, ["text", "label"]).read_text())), COMMAS[7][0], warns="read as from line 4, "),
    shape("names for a file without a header", lambda at: lines(at, "a.txt", THREE, "\t"), warns="text in 'words'",
          options={"names": ["star", "n", "words"], "text": "words", "label": "star"}),
    shape("too few names for a file without a header", lambda at: lines(at, "a.txt", THREE, "\t"),
          options={"names": ["star", "words"]}, refused="names has 2 names, but the file has 3 columns"),
    shape("R's row numbers, which have no name", lambda at: save(at, "a.tsv", '"text"\t"label"\n' + "".join(
        f'"{number}"\t"{text}"\t"{label}"\n' for number, (text, label) in enumerate(COMMAS, start=1))), COMMAS[7][0]),
    shape("tabs, backslashes before quotes in some columns", lambda at: save(
        at, "labeledTrainData.tsv", "id\tsentiment\treview\n" + "".join(
            '"{}_8"\t{}\t"{}"\n'.format(number, number % 2, text.replace('"', '\\"'))
            for number, (text, _) in enumerate(ESCAPED))), ESCAPED[7][0], classes=("0", "1"), label="1"),
    # No header
    shape("comma, no header: label, title, description", lambda at: table(
        at, "train.csv", NEWS, quoting=csv.QUOTE_ALL), NEWS[7][2], " ".join(NEWS[7][1:]), classes=("1", "2", "3"),
        label=NEWS[7][0], hint={"text": [1, 2], "label": 0}),
    shape("no header, an index first", lambda at: table(at, "a.csv", NO_HEADER), COMMAS[7][0],
          " ".join(NO_HEADER[7][1:3]), classes=("FALSE", "TRUE"), label="TRUE", hint={"text": 2, "label": 3}),
    shape("no header, equal cells in the first row", lambda at: table(at, "a.csv", [
        ("1", "1", text, label) for text, label in COMMAS]), COMMAS[7][0], hint={"text": 2, "label": 3}),
    shape("no header, an empty column (CoLA)", lambda at: lines(at, "in_domain_train.tsv", COLA, "\t"),
          classes=("0", "1"), label="1", hint={"text": 3, "label": 1}),
    shape("Chinese, tab, no header, .txt", lambda at: lines(at, "train.txt", chinese(), "\t"), chinese()[7][0],
          classes=("0", "1"), label="1"),
    shape("a header as long as the cells below it", lambda at: table(at, "a.csv", [
        (f"2026-03-01 12:00:{number:02}", text, label) for number, (text, label) in enumerate(COMMAS)],
        ["tweet_created_at", "text", "team"]), COMMAS[7][0], options={"text": 1, "label": 2}),
    shape("questions as the header", lambda at: table(at, "Form.csv", COMMAS, [
        "What did you like, and what would you change about it, in a few words?", "Would you come again?"]),
        COMMAS[7][0]),
    shape("0 and 1 as the header, as pandas writes it", lambda at: table(at, "a.csv", [
        (str(number), *row) for number, row in enumerate(COMMAS)], ["", "0", "1"]), COMMAS[7][0]),
    shape("another header of numbers", lambda at: table(at, "a.csv", [
        (str(number), *row) for number, row in enumerate(COMMAS)], ["id", "11", "12"]), COMMAS[7][0],
        hint={"header": 0}),
    # Columns
    shape("v1,v2 and three unnamed columns, Latin-1", lambda at: save(at, "spam.csv", "v1,v2,,,\n" + "".join(
        f"{label},{text},,,\n" for text, label in CAFE), "latin-1"), CAFE[7][0]),
    shape("a text goes on in a column without a name", lambda at: save(at, "spam.csv", "v1,v2,,,\n" + "".join(
        f'{label},"{text}",{" GE" * (number % 15 == 2)},,\n' for number, (text, label) in enumerate(COMMAS))),
        COMMAS[7][0], warns="column 2 has no name and is left out, but 4 rows"),
    shape("two other columns of one name", lambda at: table(at, "a.csv", [(text, "1", label, "2")
          for text, label in COMMAS], ["text", "x", "label", "x"]), COMMAS[7][0]),
    shape("a comma at each line's end", lambda at: save(at, "a.csv", "text,label,\n" + "".join(
        f"{text},{label},\n" for text, label in ROWS))),
    shape("an index column, line breaks in quotes", lambda at: table(at, "a.csv", [
        (str(number), text.replace(" came", "\n\ncame"), label) for number, (text, label) in enumerate(COMMAS)],
        ["", "text", "label"]), COMMAS[7][0]),
    shape("fifteen columns, the text the eleventh", lambda at: table(at, "Tweets.csv", FIFTEEN, AIRLINE), COMMAS[7][0],
          hint={"label": "airline_sentiment"}),
    shape("text columns beside TRUE/FALSE", lambda at: table(at, "a.csv", NO_HEADER, ["id", "title", "body", "real"]),
          COMMAS[7][0], " ".join(NO_HEADER[7][1:3]), classes=("FALSE", "TRUE"), label="TRUE",
          hint={"text": ["title", "body"], "label": "real"}),
    shape("sentence1, sentence2, label", lambda at: lines(at, "a.tsv", [("sentence1", "sentence2", "label"), *(
        (text, "it came late", label) for text, label in ROWS)], "\t"), f"{TEXT} it came late",
        hint={"text": ["sentence1", "sentence2"]}),
    shape("one column of 0/1 for each label", lambda at: table(
        at, "a.csv", TOXIC, ["id", "comment_text", "toxic", "obscene", "threat"]), COMMAS[8][0], classes=("0", "1"),
        label="1", hint={"label": "toxic"}),
    *(shape(f"{text},{label}", lambda at, names=(text, label): table(at, "a.csv", COMMAS, list(names)), COMMAS[7][0])
      for text, label in [("review", "sentiment"), ("tweet", "class"), ("Statement", "Status"), ("text", "category"),
                          ("Review Text", "Rating"), ("message", "target"), ("content", "is_spam")]),
    shape("overall,reviewText,summary (Amazon)", lambda at: save(at, "a.json", json_lines(
        {"overall": label, "reviewText": text, "summary": f"a {label} lamp"} for text, label in COMMAS)), COMMAS[7][0],
        hint={"label": "overall"}),
    shape("a label that is called like its column", lambda at: table(at, "a.csv", [
        (text, ("fine", "toxic")[label == "pos"]) for text, label in COMMAS], ["comment", "toxic"]), COMMAS[7][0],
        classes=("fine", "toxic"), label="toxic"),
    shape("label,review, Chinese", lambda at: table(at, "a.csv", [row[::-1] for row in chinese()], ["label", "review"]),
          chinese()[7][0], classes=("0", "1"), label="1"),
    # Encodings
    *(shape(encoding, lambda at, code=encoding, records=records: table(at, "a.csv", records, ["text", "label"], code),
            records[7][0], classes=tuple(sorted({label for _, label in records})), label=records[7][1],
            hint={"encoding": encoding})
      for encoding, records in [("gb18030", chinese()), ("cp1252", CAFE), ("utf-16", CAFE), ("shift_jis", JAPANESE),
                                ("cp1251", RUSSIAN), ("mac_roman", GERMAN)]),
    shape("few signs that aren't ASCII, cp1252", lambda at: table(at, "a.csv", [
        (f"{text} for £ 5", label) for text, label in ROWS], ["text", "label"], "cp1252"), f"{TEXT} for £ 5"),
    shape("HTML and emoji", lambda at: table(at, "a.csv", [
        (f"<br />{text}<br /> 😀 &amp; more", label) for text, label in COMMAS], ["text", "label"]),
        f"<br />{COMMAS[7][0]}<br /> 😀 &amp; more"),
    # Labels in front
    shape("__label__x text (fastText)", lambda at: lines(at, "a.train", [
        (f"__label__{label}", text) for text, label in COMMAS], " "), COMMAS[7][0]),
    shape("LABEL:sub text, Latin-1", lambda at: lines(at, "train_5500.label", [
        (f"{label.upper()}:manner", text) for text, label in CAFE], " ", encoding="latin-1"), CAFE[7][0],
        classes=("NEG:manner", "POS:manner"), label="POS:manner", hint={"label_from": "prefix"}),
    shape("0 text", lambda at: lines(at, "stsa.train", [
        ("01"[number % 2], text) for number, (text, _) in enumerate(COMMAS)], " "), COMMAS[7][0], classes=("0", "1"),
        label="1", hint={"label_from": "prefix"}),
    # JSON
    shape("JSON array in one line", lambda at: save(at, "a.json", json.dumps(
        [{"label": label, "text": text} for text, label in COMMAS])), COMMAS[7][0]),
    shape("JSON array over many lines", lambda at: save(at, "a.json", json.dumps(
        [{"label": label, "text": text} for text, label in COMMAS], indent=2)), COMMAS[7][0]),
    shape("JSON lines named .json", lambda at: save(at, "a.json", json_lines(
        {"label": "01".index("01"[number % 2]), "text": text} for number, (text, _) in enumerate(COMMAS))),
        COMMAS[7][0], classes=("0", "1"), label="1"),
    shape("JSON lines in a .csv", lambda at: save(at, "a.csv", json_lines(
        {"label": label, "text": text} for text, label in COMMAS)), COMMAS[7][0]),
    shape("JSON lines with nested fields", lambda at: save(at, "a.jsonl", json_lines(
        {"id": number, "data": {"body": text, "lang": "en"}, "meta": {"stars": label}}
        for number, (text, label) in enumerate(COMMAS))), COMMAS[7][0],
        hint={"text": "data.body", "label": "meta.stars"}),
    shape("JSON object of lists of pairs", lambda at: save(at, "data_full.json", json.dumps(
        {"train": CLINC[:600], "val": CLINC[600:900], "test": CLINC[900:]})), CLINC[7][0], rows=1_200,
        classes=tuple({label for _, label in CLINC}), label=CLINC[7][1], parts=(600, 300, 300)),
    shape("JSON object of columns for each split", lambda at: save(at, "a.json", json.dumps({
        part: dict(zip(("text", "label"), zip(*COMMAS[start:end], strict=True), strict=True))
        for part, start, end in [("train", 0, 40), ("validation", 40, 50), ("test", 50, 60)]})), COMMAS[7][0],
        parts=(40, 10, 10)),
    shape("JSON object of columns", lambda at: save(at, "a.json", json.dumps(
        {"text": [text for text, _ in COMMAS], "label": [label for _, label in COMMAS]})), COMMAS[7][0]),
    shape("JSON object with the rows under a key", lambda at: save(at, "a.json", json.dumps(
        {"version": "1.1", "data": [{"text": text, "label": label} for text, label in COMMAS]})), COMMAS[7][0]),
    shape("JSON lists below other keys (Rasa)", lambda at: save(at, "nlu.json", json.dumps({"rasa_nlu_data": {
        "common_examples": [{"text": text, "intent": label} for text, label in COMMAS], "regex_features": []}})),
        COMMAS[7][0]),
    shape("JSON objects one after another, over many lines", lambda at: save(at, "a.json", "\n".join(
        json.dumps({"text": text, "label": label}, indent=1) for text, label in COMMAS)), COMMAS[7][0]),
    shape("JSON lines of doccano, some without a label", lambda at: save(at, "all.jsonl", json_lines(
        {"id": number, "text": text, "label": [label] * (number % 20 > 0), "Comments": []}
        for number, (text, label) in enumerate(COMMAS))), COMMAS[7][0], rows=57, warns="the label is empty (lines 1, "),
    shape("JSON lines of Prodigy", lambda at: save(at, "choice.jsonl", json_lines(
        {"text": text, "_input_hash": 77 * number, "options": [{"id": "neg"}, {"id": "pos"}],
         "accept": [label], "answer": "accept"} for number, (text, label) in enumerate(COMMAS))), COMMAS[7][0]),
    shape("JSON lines of Prodigy with one label, accepted or rejected", lambda at: save(at, "one.jsonl", json_lines(
        {"text": text, "label": label, "answer": ["accept", "reject", "ignore"][number % 20 // 8]}
        for number, (text, label) in enumerate(COMMAS))), COMMAS[7][0], warns="marks 36 rows as not accepted"),
    shape("JSON of Label Studio", lambda at: save(at, "project.json", json.dumps([
        {"id": number, "data": {"text": text}, "predictions": [], "annotations": [
            {"id": 900 + number, "unique_id": f"{number:036}", "result": [
                {"value": {"choices": [label]}, "from_name": "sentiment", "type": "choices"}]}]}
        for number, (text, label) in enumerate(COMMAS)])), COMMAS[7][0]),
    shape("JSON lines with a field that is mostly null", lambda at: save(at, "a.jsonl", json_lines(
        {"body": text, "flag": None if number % 20 else "late", "mood": label}
        for number, (text, label) in enumerate(COMMAS))), COMMAS[7][0]),
    shape("JSON lists of a text and a list of one label", lambda at: save(at, "a.json", json.dumps(
        [[text, [label]] for text, label in COMMAS])), COMMAS[7][0]),
    shape("JSON lists as texts", lambda at: save(at, "intents.json", json.dumps(
        {"intents": [{"tag": "hello", "patterns": ["hi", "hello"]}, {"tag": "bye", "patterns": ["bye"]}]})),
        refused="one text per row"),
    # Archives and other formats
    shape("gzip", lambda at: save(at, "a.csv.gz", gzip.compress(
        table(at, "a.csv", COMMAS, ["text", "label"]).read_bytes())), COMMAS[7][0]),
    shape("zip with one file inside", lambda at: zipped(at, "archive.zip", {
        "a.csv": table(at, "a.csv", COMMAS, ["text", "label"]).read_text()}), COMMAS[7][0]),
    shape("zip as macOS makes it", lambda at: zipped(at, "archive.zip", {
        "a/": "", "a/.DS_Store": "", "__MACOSX/a/._a.csv": "", "a/a.csv": table(at, "a.csv", ROWS).read_text()})),
    shape("zip with two files inside", lambda at: zipped(at, "archive.zip", {
        name: table(at, name, COMMAS, ["text", "label"]).read_text() for name in ("one.csv", "two.csv")}),
        refused="two.csv"),
    shape("Parquet", parquet, needs="pyarrow"),
    shape("Parquet, a null among whole numbers", lambda at: parquet(at, label=pd.array(
        [None, *([1, 0] * 30)[:59]], dtype="Int64")), rows=59, classes=("0", "1"), label="1",
        warns="the label is empty (line 1)", needs="pyarrow"),
    shape("Parquet, the text in a struct", lambda at: parquet(
        at, text=[{"body": text, "lang": "en"} for text, _ in ROWS]), needs="pyarrow"),
    shape("Parquet, a list of labels", lambda at: parquet(at, label=[["joy", "fear"][: 1 + n % 2] for n in range(60)]),
          refused="several labels", needs="pyarrow"),
    shape("Excel", excel, needs="openpyxl"),
    shape("Excel without a header", lambda at: excel(at, Sheet1=ROWS), needs="openpyxl"),
    shape("Excel, true and false as labels, empty rows", lambda at: excel(at, Sheet1=[("text", "label"), *(
        row for number, (text, label) in enumerate(ROWS)
        for row in [(text, label == "pos"), (None, None)][: 1 + number % 2])]), classes=("False", "True"),
        label="True", needs="openpyxl"),
    shape("Excel, a title above, a legend before", lambda at: excel(at, Legend=[("neg: bad",)] * 99, Data=[
        ("Answers of March", None), (None, None), ("text", "label"), *ROWS]), warns="sheet 'Data', not 'Legend'",
        needs="openpyxl"),
    shape("Excel, two sheets for one split", lambda at: excel(at, Test=ROWS[:9], Dev=ROWS, Val=ROWS[:5]),
          warns="sheet 'Dev', not 'Test', 'Val'", needs="openpyxl"),
    shape("Excel, a wrong size of the sheet in the file", lambda at: rewritten(
        excel(at), 'ref="A1:B61"', 'ref="A1:B31"'), needs="openpyxl"),
    shape("Excel, a sheet for each split", lambda at: excel(at, **{name: [("text", "label"), *ROWS[start:end]]
        for name, start, end in [("Train", 0, 40), ("Dev", 40, 50), ("Test", 50, 60)]}), parts=(40, 10, 10),
        needs="openpyxl"),
    # Several files
    shape("one file per class", lambda at: {
        label: save(at, f"rt-polarity.{label}", "".join(f"{text}\n" for text, of in CAFE if of == label), "latin-1")
        for label in ("neg", "pos")}, CAFE[7][0]),
    shape("a folder with a folder per class", class_folders),
    shape("a folder per class, and folders that are none", lambda at: [class_folders(at), (at / "spare").mkdir(), *(
        save(at, name, "a text") for name in ("unsup/0_0.txt", ".git/config", "__MACOSX/neg/._1.txt", "neg/.DS_Store"))
        ][0], warns="spare, unsup"),
    shape("a folder in a folder, files below those of a class", lambda at: [class_folders(at / "a" / "b", ROWS[:40]), *(
        save(at, f"a/b/{label}/more/{text}.txt", text) for text, label in ROWS[40:])] and at),
    shape("IMDB", lambda at: [save(at, "imdb.vocab", "the"), save(at, "train/unsup/0_0.txt", "a text"),
                              class_folders(at / "train", ROWS[:40]), class_folders(at / "test", ROWS[40:])] and at,
          warns="folders left out, empty or without labels: unsup"),
    shape("a folder of two files for one split", lambda at: [save(at, name, "text,label\n") for name in (
        "train.csv", "val.csv", "dev.csv")] and at, refused="dev.csv, train.csv, val.csv. Give the path"),
    shape("train and test, each with a folder per class", lambda at: {
        "train": class_folders(at / "train", ROWS[:40]), "test": class_folders(at / "test", ROWS[40:])}),
    shape("texts and labels in two files", lambda at: (
        save(at, "texts.txt", "".join(f"{text}\n" for text, _ in COMMAS)),
        save(at, "labels.txt", "".join(f"{label}\n" for _, label in COMMAS))), COMMAS[7][0]),
    shape("texts and labels in two files for each split", lambda at: {part: (
        save(at, f"{part}.txt", "".join(f"{text}\n" for text, _ in COMMAS[start:end])),
        save(at, f"{part}_labels.txt", "".join(f"{label}\n" for _, label in COMMAS[start:end])))
        for part, start, end in [("train", 0, 40), ("test", 40, 60)]}, COMMAS[7][0], warns="val"),
    shape("texts and labels of unequal length", lambda at: (
        save(at, "texts.txt", "".join(f"{text}\n" for text, _ in COMMAS)),
        save(at, "labels.txt", "".join(f"{label}\n" for _, label in COMMAS[1:]))), refused="59"),
    shape("a folder with train, and a test without labels (Kaggle)", lambda at: [
        table(at, "train.csv", COMMAS, ["text", "label"]),
        table(at, "test.csv", [(f"{n}", text) for n, (text, _) in enumerate(COMMAS)], ["id", "text"])] and at,
        refused="A file without labels can't be used: give only the path of the labelled one"),
    shape("one file per split", one_file_per_split, parts=(40, 10, 10)),
    shape("train and test, no val, in two files", lambda at: one_file_per_split(at, ("train", "test"), (40, 60)),
          warns="val"),
    # Splits
    shape("Train, Validation, Test", lambda at: with_splits(at, ("Train", "Validation", "Test")), parts=(40, 10, 10)),
    shape("train, dev, test", lambda at: with_splits(at, ("train", "dev", "test")), parts=(40, 10, 10)),
    shape("train, eval, test in a column of another name", lambda at: table(at, "a.csv", [
        (*row, "train" if number < 40 else ("eval", "test")[number % 2]) for number, row in enumerate(ROWS)],
        ["text", "label", "fold"]), parts=(40, 10, 10), warns="the split is in column 'fold'"),
    shape("folds, and a split in a column of another name", lambda at: table(at, "a.csv", [
        (*row, str(number % 5), ("train", "test")[number % 4 == 3]) for number, row in enumerate(ROWS)],
        ["text", "label", "fold", "usage"]), warns="the split is in column 'usage'"),
    shape("train and test, no val", lambda at: with_splits(at, ("train", "test"), (40, 20)), warns="val"),
    shape("sorted by class, its own split, a limit", lambda at: table(at, "a.csv", [
        (text, label, split) for label in ("neg", "pos") for split, start, end in
        [("train", 0, 150), ("val", 150, 200), ("test", 200, 250)]
        for text, _ in rows(500, labels=(label,))[start + 250 * (label == "pos"):end + 250 * (label == "pos")]],
        ["text", "label", "split"]), pair("neg"), rows=500, label="neg", options={"limit": 120}, parts=(120, 100, 100)),
    # Classes
    shape("77 classes", lambda at: table(at, "a.csv", BANKING, ["text", "category"]), BANKING[7][0], rows=616,
          classes=tuple({label for _, label in BANKING}), label=BANKING[7][1]),
    shape("one rare class", lambda at: table(at, "a.csv", [*COMMAS, ("a red lamp", "odd")], ["text", "label"]),
          COMMAS[7][0], hint={"rare": "drop"}),
    shape("two rare classes", lambda at: table(at, "a.csv", [
        *COMMAS, *((f"a {colour} lamp", f"odd{number % 2}") for number, colour in enumerate(COLOURS[:8]))],
        ["text", "label"]), COMMAS[7][0], rows=68, classes=("neg", "other", "pos"), hint={"rare": "merge"}),
    shape("a totals line at the end", lambda at: table(at, "a.csv", [*COMMAS, ("Total", "60")], ["text", "label"]),
          COMMAS[7][0], hint={"rare": "drop"}),
    shape("several labels in a cell", lambda at: table(at, "a.csv", [
        (text, ("2,5", "1", "2", "5", "1,5,2", "3,4", "3")[number % 7]) for number, (text, _) in enumerate(COMMAS)],
        ["text", "label"]), refused="several labels"),
    shape("several __label__ in a line", lambda at: lines(at, "a.txt", [
        ("__label__a __label__b" if number % 3 else "__label__a", text)
        for number, (text, _) in enumerate(COMMAS)], " "), refused="several labels"),
    shape("a list of labels in JSON", lambda at: save(at, "a.jsonl", json_lines(
        {"text": text, "label": ["joy", "fear"][: 1 + number % 2]} for number, (text, _) in enumerate(COMMAS))),
        refused="several labels"),
    shape("numbers to predict", lambda at: table(at, "a.csv", AMOUNTS, ["text", "label"]), refused="number"),
    shape("labels 0.0 and 1.0", lambda at: table(at, "a.csv", [
        (text, ("0.0", "1.0")[number % 2]) for number, (text, _) in enumerate(COMMAS)], ["text", "label"]),
        COMMAS[7][0], classes=("0.0", "1.0"), label="1.0"),
    shape("0, 1, 0.0 and 1.0 mixed", lambda at: table(at, "a.csv", [
        (text, ("0", "1.0", "0.0", "1")[number % 4]) for number, (text, _) in enumerate(COMMAS)], ["text", "label"]),
        COMMAS[7][0], classes=("0", "0.0", "1", "1.0"), label="1", warns="0.0"),
    shape("N/A as a label", lambda at: table(at, "a.csv", rows(labels=("neg", "N/A", "pos")), ["text", "label"]),
          pair("neg", rows(labels=("neg", "N/A", "pos"))), classes=("N/A", "neg", "pos"), label="neg", warns="N/A"),
    shape("nulls as MySQL writes them", lambda at: lines(at, "a.tsv", rows(labels=("neg", r"\N")), "\t"), pair("neg"),
          classes=(r"\N", "neg"), label="neg", warns="may mean that there is none"),
    shape("spaces around labels", lambda at: table(at, "a.csv", [
        (text, label + " " * (number % 3)) for number, (text, label) in enumerate(COMMAS)], ["text", "label"]),
        COMMAS[7][0]),
    # Texts
    shape("very long documents", lambda at: table(at, "a.csv", [
        (f"{text} " + "very long text " * 700, label) for text, label in COMMAS], ["text", "label"]),
        f"{COMMAS[7][0]} " + "very long text " * 700, warns="max_length"),
    shape("texts of one unknown token", lambda at: table(at, "a.csv", chinese(labels=("a", "b")), ["text", "label"]),
          chinese()[7][0], classes=("a", "b"), label="b"),
]


def differences(data, shape):
    """What differs from what a person sees in the file; nothing if all is right."""
    parts = {"train": (data.x_train, data.y_train), "val": (data.x_val, data.y_val), "test": data.unlock_test()}
    if data.quality.rows_kept != shape.rows:
        yield f"{data.quality.rows_kept} rows, not {shape.rows}"
    if set(data.classes) != set(shape.classes):
        yield f"the classes are {data.classes[:5]}"
    elif len(data.y_train.unique()) < data.n_classes:
        yield "a class has no row in the training part"
    if shape.parts and tuple(len(y) for _, y in parts.values()) != shape.parts:
        yield f"the parts have {[len(y) for _, y in parts.values()]} rows"
    encoded = [row for row in data.encode(list(shape.texts)) if not (row == 1).any()]  # 1: not in the vocabulary
    found = {data.classes[number] for x, y in parts.values() for row in encoded
             for number in y[(x == row).all(dim=1)].tolist()}
    if not shape.options and found != {shape.label}:
        yield f"of the texts with the label {shape.label!r}, one should read {shape.texts[0][:60]!r}"
    if shape.warns not in data.quality.report():
        yield f"no word of {shape.warns!r}"


def attempt(source, shape, **hint):
    """("right", the data), ("refused", the sentence), ("crash", the error) or ("wrong", what differs)."""
    try:
        data = load_csv(source, **shape.options, **hint)
    except DataError as error:
        return "refused", str(error)
    except Exception as error:
        return "crash", repr(error)
    wrong = "; ".join(differences(data, shape))
    return ("wrong", wrong) if wrong else ("right", data)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_file_is_read_as_a_person_reads_it_or_the_sentence_says_how(shape, tmp_path):
    source = shape.make(tmp_path)
    came, what = attempt(source, shape)
    if came == "refused" and (shape.refused or is_missing(shape.needs)):
        assert (f"pip install {shape.needs}" if is_missing(shape.needs) else shape.refused) in what
        return
    if came == "refused" and shape.hint:
        assert all(f"{argument}=" in what for argument in shape.hint), what
        came, what = attempt(source, shape, **shape.hint)
    assert came == "right", what
    assert what.quality.read_as in what.quality.report()


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.hint], ids=lambda shape: shape.name)
def test_a_hint_that_nobody_needs_does_no_harm(shape, tmp_path):
    came, what = attempt(shape.make(tmp_path), shape, **shape.hint)
    assert came == "right", what


def test_long_documents_are_not_taken_for_a_missing_quotation_mark(tmp_path):
    quality = load_csv(class_folders(tmp_path, [(text.replace(" ", "\n" * 20), label) for text, label in ROWS])).quality
    assert (quality.rows_kept, "quotation" in quality.report()) == (60, False)
