# /// script
# requires-python = ">=3.11"
# dependencies = ["optuna==5.0.0", "scikit-learn==1.9.1", "torch==2.13.0", "transformers==5.24.0", "accelerate==1.15.0"]
# ///
"""Optuna tunes a small Transformer on digits. hyperparameter_search of the Hugging Face Trainer reports and prunes."""

import sys
import tempfile
import time

try:
    import optuna
    import torch
    import transformers
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch.utils.data import StackDataset
except ImportError as error:
    sys.exit(f"{error}; in a new venv: pip install optuna==5.0.0 scikit-learn==1.9.1 torch==2.13.0 "
             "transformers==5.24.0 accelerate==1.15.0")

X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32).reshape(-1, 1, 8, 8), torch.tensor(y)
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=0)
torch.set_num_threads(1)


def define_model(trial):
    """The Trainer also calls this before the first trial, with None."""
    size = trial.suggest_int("hidden_size", 16, 64, step=16) if trial else 16
    return transformers.ViTForImageClassification(transformers.ViTConfig(
        image_size=8, patch_size=4, num_channels=1, num_labels=10, hidden_size=size, intermediate_size=2 * size,
        num_hidden_layers=1, num_attention_heads=2))


def define_settings(trial):
    return {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 3e-2, log=True),
            "weight_decay": trial.suggest_float("weight_decay", 1e-4, 1, log=True)}


def accuracy(predicted):
    return {"accuracy": (predicted.predictions.argmax(axis=1) == predicted.label_ids).mean().item()}


def objective(metrics):
    return metrics["eval_accuracy"]  # the value of a trial is that of its last evaluation


def define_trainer(model_init, **settings):
    arguments = transformers.TrainingArguments(
        tempfile.gettempdir(), save_strategy="no",  # with "epoch", trial 7's checkpoints are in its run-7
        num_train_epochs=10, per_device_train_batch_size=32, per_device_eval_batch_size=360, eval_strategy="epoch",
        logging_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True, seed=0, **settings)
    trainer = transformers.Trainer(
        model_init=model_init, args=arguments, compute_metrics=accuracy,
        train_dataset=StackDataset(pixel_values=x_train, labels=y_train),
        eval_dataset=StackDataset(pixel_values=x_val, labels=y_val))
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def run_study(n_trials):
    """The search returns the best settings; its storage has the study."""
    storage = optuna.storages.InMemoryStorage()
    define_trainer(define_model).hyperparameter_search(
        define_settings, objective, n_trials, direction="maximize", backend="optuna", study_name="digits",
        storage=storage, sampler=optuna.samplers.TPESampler(seed=0))
    return optuna.load_study(study_name="digits", storage=storage)


if __name__ == "__main__":
    start = time.perf_counter()
    study = run_study(n_trials=20)
    pruned = study.get_trials(states=(optuna.trial.TrialState.PRUNED,))
    print(f"{len(study.trials)} trials, {len(pruned)} of them pruned, in {time.perf_counter() - start:.1f} seconds")
    print(f"best validation accuracy: {study.best_value:.4f} with {study.best_params}")
    winner = define_trainer(lambda: define_model(study.best_trial), **define_settings(study.best_trial))
    winner.train()
    test = winner.evaluate(StackDataset(pixel_values=x_test, labels=y_test))
    print(f"trained again: validation {objective(winner.evaluate()):.4f}, test {objective(test):.4f}")
