"""What lesson 08 shows of the gallery's scripts."""

import pytest

from helpers import gallery, recorded


def test_the_table_has_one_row_per_library_and_no_gaps():
    table = gallery.table()
    assert list(table.index) == [about.name for about in gallery.LIBRARIES.values()]
    assert not table.isna().any(axis=None)
    assert (table["best validation accuracy"] > 0.9).all()
    assert set(table["use today"]) <= {*table.index, "Keras 3"}


def test_the_recorded_trials_are_twenty_of_each_script_some_of_them_pruned():
    trials = recorded.load_table("gallery_trials")
    assert set(trials["library"]) == set(gallery.LIBRARIES)
    for library, rows in trials.groupby("library"):
        assert sorted(rows["number"]) == list(range(20))
        pruned = (rows["state"] == "PRUNED").sum()
        assert pruned == recorded.load_table("gallery").set_index("library")["pruned"][library] > 0


@pytest.mark.parametrize("library", gallery.LIBRARIES)
def test_the_parts_that_are_shown_are_in_the_script(library):
    whole = gallery.script(library).read_text(encoding="utf-8")
    shown = gallery.show(library).data
    assert {"define_model", "objective"} <= set(gallery.parts(library))
    for source in gallery.parts(library).values():
        assert source in whole
        assert source in shown
    assert gallery.show(library, "objective").data == gallery.parts(library)["objective"]


def test_who_prunes_is_read_from_the_script():
    assert gallery.who_prunes("xgboost") == "XGBoostPruningCallback"
    assert gallery.who_prunes("pytorch") == "by hand"


def test_an_unknown_library_is_named_with_the_known_ones():
    with pytest.raises(KeyError, match=r"there is no 'theano' in the gallery; there are xgboost, .*skorch"):
        gallery.show("theano")
