"""The training loop of notebook 02, and the scoring of a model."""

import copy
import time

import optuna
import torch
from torch import nn
from tqdm.auto import tqdm


def set_seed(seed):
    """Seeds PyTorch's random generator, for initial weights, dropout, the order of the batches."""
    torch.manual_seed(seed)


def predict(model, x):
    """Class probabilities (rows, n_classes) of the token ids x (rows, length)."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(part).softmax(dim=1) for part in x.split(500)])


def accuracy(model, x, y):
    """The share of rows whose most probable class is the right one."""
    return (predict(model, x).argmax(dim=1) == y).double().mean().item()


def run(model, optimizer, data, epochs=12, batch_size=64, schedule=None, label_smoothing=0.0,
        trial=None, on_epoch=None):
    """Trains on the training part; returns the validation accuracy of the best epoch, whose weights the model keeps.

    schedule: a learning rate scheduler, stepped once per batch.
    trial: an Optuna trial; it gets the accuracy after each epoch and may end the run (optuna.TrialPruned).
    on_epoch: called after each epoch with a dict: epoch, train_loss, val_accuracy, seconds since the start.
    """
    loss_function = nn.CrossEntropyLoss(label_smoothing=label_smoothing)
    best_accuracy, start = 0.0, time.perf_counter()
    for epoch in range(1, epochs + 1):
        model.train()
        losses = []
        for batch in torch.randperm(len(data.x_train)).split(batch_size):
            optimizer.zero_grad()
            loss = loss_function(model(data.x_train[batch]), data.y_train[batch])
            loss.backward()
            optimizer.step()
            if schedule:
                schedule.step()
            losses.append(loss.item())
        val_accuracy = accuracy(model, data.x_val, data.y_val)
        if val_accuracy >= best_accuracy:
            best_accuracy, best_weights = val_accuracy, copy.deepcopy(model.state_dict())
        if on_epoch:
            on_epoch({"epoch": epoch, "train_loss": sum(losses) / len(losses),
                      "val_accuracy": val_accuracy, "seconds": time.perf_counter() - start})
        if trial:
            trial.report(val_accuracy, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned()
    model.load_state_dict(best_weights)
    return best_accuracy


def epoch_bar(epochs, curve=None):
    """An `on_epoch` for `run` that shows a progress bar; curve: a list to which each epoch's dict is appended."""
    bar = tqdm(total=epochs, unit="epoch")

    def on_epoch(epoch):
        if curve is not None:
            curve.append(epoch)
        bar.set_postfix({"validation accuracy": f"{epoch['val_accuracy']:.3f}"}, refresh=False)
        bar.update()
        if bar.n == epochs:
            bar.close()

    return on_epoch
