# /// script
# requires-python = "==3.11.*"
# dependencies = ["optuna==5.0.0", "scikit-learn==1.7.2", "scipy==1.15.3", "numpy==1.23.5", "mxnet==1.9.1"]
# ///
"""Optuna tunes an MXNet network on handwritten digits. The loop over epochs reports and prunes by hand."""

import sys
import time

try:
    import mxnet as mx
    import numpy as np
    import optuna
    from mxnet import autograd, gluon, nd
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 scikit-learn==1.7.2 scipy==1.15.3 numpy==1.23.5 "
             "mxnet==1.9.1")

X, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(X / 16, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)
cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()


def define_model(trial):
    model = gluon.nn.Sequential()
    model.add(gluon.nn.Dense(trial.suggest_int("hidden_size", 16, 128, log=True), activation="relu"))
    model.add(gluon.nn.Dropout(trial.suggest_float("dropout", 0.0, 0.5)), gluon.nn.Dense(10))
    return model


def score(model, x, y):
    return (model(nd.array(x)).asnumpy().argmax(axis=1) == y).mean()


def train(trial):
    mx.random.seed(0)
    np.random.seed(0)  # draws the initial weights and batches
    model = define_model(trial)
    model.initialize(mx.init.Xavier())
    trainer = gluon.Trainer(model.collect_params(), "adam",
                            {"learning_rate": trial.suggest_float("lr", 1e-5, 1e-1, log=True)})
    for epoch in range(15):
        order = np.random.permutation(len(x_train))
        for batch in np.array_split(order, len(order) // 64):
            with autograd.record():
                loss = cross_entropy(model(nd.array(x_train[batch])), nd.array(y_train[batch]))
            loss.backward()
            trainer.step(len(batch))
        accuracy = score(model, x_val, y_val)
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return model, accuracy


def objective(trial):
    return train(trial)[1]  # the validation accuracy after the last epoch


if __name__ == "__main__":
    start = time.perf_counter()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=20)
    pruned = study.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    print(f"{len(study.trials)} trials, {len(pruned)} of them pruned, in {time.perf_counter() - start:.1f} seconds")
    print(f"best validation accuracy: {study.best_value:.4f} with {study.best_params}")
    winner, accuracy = train(study.best_trial)
    print(f"trained again: validation {accuracy:.4f}, test {score(winner, x_test, y_test):.4f}")
