# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "optuna-integration==5.0.0", "scikit-learn==1.9.1", "tensorflow-cpu==2.21.0"]
# ///
"""Optuna tunes tf.keras on handwritten digits. TFKerasPruningCallback reports and prunes after each epoch."""

import os
import sys
import time

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0"}  # before the import: no build messages
try:
    import optuna
    import tensorflow as tf
    from optuna_integration import TFKerasPruningCallback
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 optuna-integration==5.0.0 scikit-learn==1.9.1 "
             "tensorflow-cpu==2.21.0")

X, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(X / 16, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)


def define_model(trial):
    model = tf.keras.Sequential([
        tf.keras.Input([64]),
        tf.keras.layers.Dense(trial.suggest_int("hidden_size", 16, 128, log=True), activation="relu"),
        tf.keras.layers.Dropout(trial.suggest_float("dropout", 0.0, 0.5)),
        tf.keras.layers.Dense(10, activation="softmax"),
    ])
    optimizer = tf.keras.optimizers.Adam(trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(trial):
    tf.keras.utils.set_random_seed(0)
    model = define_model(trial)
    history = model.fit(x_train, y_train, batch_size=64, epochs=15, validation_data=(x_val, y_val), verbose=0,
                        callbacks=[TFKerasPruningCallback(trial, "val_accuracy")])
    return model, history.history["val_accuracy"][-1]


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
    print(f"trained again: validation {accuracy:.4f}, test {winner.evaluate(x_test, y_test, verbose=0)[1]:.4f}")
