"""Simple baselines from scikit-learn, on the same token ids as the networks.

scikit-learn is imported where it is used: it is slow to import, and not every notebook needs it.
"""

import numpy as np


def bag(tokens, vocab_size):
    """Counts each token in each text: ids (rows, length) to counts (rows, vocab_size)."""
    counts = np.zeros((len(tokens), vocab_size), dtype=np.float32)
    np.add.at(counts, (np.arange(len(tokens))[:, None], np.asarray(tokens)), 1)
    counts[:, 0] = 0  # padding is not a word
    return counts


def majority():
    """Always predicts the most frequent class."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def logistic_regression():
    """A linear model: each token adds to the score of each class."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2_000)


def boosted_trees(seed=0, **settings):
    """Gradient-boosted trees; scikit-learn's default settings unless others are given."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(early_stopping=False, random_state=seed, **settings)


def words(ids):
    """The tokens of a text, as words for scikit-learn; ids: (length,), 0 where padded."""
    return [str(number) for number in np.asarray(ids).tolist() if number]


def tfidf_regression(C=1.0):
    """A linear model on words and pairs of words, weighted by rarity (TF-IDF); it takes token ids directly.

    C: the inverse of the regularization; a larger one fits the training part more closely.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    tfidf = TfidfVectorizer(tokenizer=words, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(tfidf, LogisticRegression(C=C, max_iter=2_000))
