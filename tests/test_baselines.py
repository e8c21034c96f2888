import numpy as np
import torch

from helpers.baselines import tfidf_regression, words


def test_words_leave_padding_out():
    assert words(torch.tensor([5, 7, 5, 0, 0])) == ["5", "7", "5"]
    assert words([3, 0]) == ["3"]


def test_the_linear_model_can_use_the_order_of_two_words():
    x = torch.tensor([[2, 3, 0], [3, 2, 0]] * 50)
    y = np.array([0, 1] * 50)
    assert tfidf_regression(C=100).fit(x, y).score(x, y) == 1
    assert tfidf_regression().fit(x, y).predict_proba(x).shape == (100, 2)
