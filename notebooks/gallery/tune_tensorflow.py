# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "scikit-learn==1.9.1", "tensorflow-cpu==2.21.0"]
# ///
"""Optuna tunes a TensorFlow network on handwritten digits. The training loop reports and prunes by hand."""

import os
import sys
import time

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0"}  # before the import: no build messages
try:
    import optuna
    import tensorflow as tf
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 scikit-learn==1.9.1 tensorflow-cpu==2.21.0")

X, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(X / 16, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def define_model(trial):
    hidden = tf.keras.layers.Dense(trial.suggest_int("hidden_size", 16, 128, log=True), activation="relu")
    dropout = tf.keras.layers.Dropout(trial.suggest_float("dropout", 0.0, 0.5))
    return tf.keras.Sequential([tf.keras.Input([64]), hidden, dropout, tf.keras.layers.Dense(10)])


def score(model, x, y):
    return (model(x).numpy().argmax(axis=1) == y).mean()


def train(trial):
    tf.keras.utils.set_random_seed(0)
    model = define_model(trial)
    optimizer = tf.keras.optimizers.Adam(trial.suggest_float("lr", 1e-5, 1e-1, log=True))

    @tf.function  # traced again for each trial, since it holds that trial's model
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = cross_entropy(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    batches = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(64)
    for epoch in range(15):
        for x, y in batches:
            step(x, y)
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
