"""Right answers that are written in another way than the solution of the notebook."""

import functools
import itertools
import math
import re
import statistics

import numpy as np
import optuna
import torch
from optuna.trial import TrialState
from scipy import stats
from torch import optim

from helpers.models import LSTMClassifier, PaperRecipe, TransformerClassifier
from helpers.search import data, define_narrow_transformer
from helpers.study import finished
from tests.teaching.wrong_answers import lesson_01, lesson_03, lesson_05, lesson_08, lesson_09


def loop_over_texts(states, is_token):
    rows = []
    for text, real in zip(states, is_token, strict=True):
        rows.append(torch.stack([number.max() for number in text[real].T]))
    return torch.stack(rows)


def deletes_in_a_loop(trials):
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = sorted(complete, key=lambda trial: trial.values[0])[-1].value
    beaten = {trial.number for trial in complete if not math.isclose(trial.value, best)}
    beaten.update(trial.number for trial in trials if trial.state.name == "PRUNED")
    return beaten


def before_the_last_moment(trials, now, grace):
    running = {trial["number"]: trial["heartbeat"] for trial in trials if trial["state"] == "RUNNING"}
    return {number for number, beat in running.items() if beat not in (None, *range(now - grace, now + 1))}


def counts_the_rounds(n_trials, workers):
    begun = 0
    while begun < min(n_trials, 10):
        begun += workers
    return min(begun, n_trials)


def sorts_the_list(accuracies):
    best = max(accuracies)
    last = [epoch for epoch, value in enumerate(accuracies, start=1) if value == best][-1]
    accuracies.sort()
    return last


def d_model_from_heads(trial):
    n_heads = trial.suggest_int("n_heads", 2, 8)
    return {
        "lr": 10 ** trial.suggest_float("log_lr", -5, -1),
        "dropout": trial.suggest_float("p", 0, 0.5, step=0.1),
        "label_smoothing": trial.suggest_float("label_smoothing", high=0.2, low=0, step=0.05),
        "d_model": n_heads * trial.suggest_int("head_dim", 8, 16, step=2),
        "n_heads": n_heads,
        "n_layers": trial.suggest_int(name="layers", low=1, high=4),
    }


def with_defaults(trial):
    return LSTMClassifier(n_classes=data.n_classes, vocab_size=data.vocab_size,
                          hidden_size=trial.suggest_int("hidden_size", high=128, low=32, log=True, step=1))


def chosen_by_if(trial, model):
    lr = trial.suggest_float(name="lr", low=1e-5, high=1e-1, log=True)
    kind = trial.suggest_categorical("optimizer", ("sgd", "adam", "adamw"))
    if kind == "adam":
        return optim.Adam(params=model.parameters(), lr=lr)
    if kind == "sgd":
        return optim.SGD(model.parameters(), lr, momentum=trial.suggest_float("momentum", 0, 0.99), nesterov=False)
    return optim.AdamW(model.parameters(), lr, weight_decay=trial.suggest_float("weight_decay", 0.0001, 0.1, log=True))


def counts_states(study, total):
    states = [trial.state for trial in study.trials]
    return np.int64(total - states.count(TrialState.COMPLETE) - states.count(TrialState.PRUNED))


def reports_each(report, first=1):
    def fixed_objective(trial, losses, accuracies):
        best = 0
        for epoch in range(len(losses)):
            best = max(best, accuracies[epoch])
            trial.report(value=report(losses[epoch], accuracies[epoch], best), step=first + epoch)
            if trial.should_prune():
                raise optuna.exceptions.TrialPruned
        return np.float32(accuracies[-1])

    return fixed_objective


def fixed_width(trial):
    return TransformerClassifier(
        data.vocab_size, data.n_classes, data.max_length, d_model=trial.suggest_categorical("d_model", [96, 128]),
        n_heads=8, n_layers=trial.suggest_int("n_layers", 2, 3), d_ff=256, dropout=0,
        norm_first=trial.suggest_categorical("norm_first", [False, True]))


def minimizes_the_error():
    study = lesson_05.study(direction="minimize")
    study.add_trial(optuna.trial.create_trial(value=0.1, params=study.trials[0].params,
                                              distributions=study.trials[0].distributions))
    return study


def letter_by_letter(text):
    tokens, word = [], ""
    for letter in text.casefold() + " ":
        if letter.isalnum():
            word += letter
            continue
        tokens += [one for one in (word, letter.strip()) if one]
        word = ""
    return tokens


def adds_up_costs(probabilities, y):
    total = 0
    for (harmless, harmful), real in zip(probabilities, y, strict=True):
        total -= 10 * (real > (harmful > harmless)) + ((harmful > harmless) > real)
    return total / len(y)


def by_a_loop(trials, here, alive):
    found = set()
    for trial in trials:
        if trial["state"] == "RUNNING" and trial["machine"] == here:
            if trial["process"] in alive and alive[trial["process"]] == trial["start"]:
                continue
            found.add(np.int64(trial["number"]))
    return found


def takes_out_the_others(trials, here, alive):
    for trial in list(trials):
        lives = (trial["process"], trial["start"]) in alive.items()
        if trial["state"] != "RUNNING" or trial["machine"] != here or lives:
            trials.remove(trial)
    return [trial["number"] for trial in reversed(trials)]


def ends_the_dead(trials, here, alive):
    for trial in trials:
        if trial["state"] == "RUNNING" and trial["machine"] == here and alive.get(trial["process"]) != trial["start"]:
            trial["state"] = "FAIL, as it was found dead"
    return [trial["number"] for trial in trials if trial["state"].endswith("dead")]


def ends_the_silent(trials, now, grace):
    for trial in trials:
        if trial["state"] == "RUNNING" and trial["heartbeat"] is not None and now - trial["heartbeat"] > grace:
            trial["state"] = "FAIL, as it was silent"
    return [trial["number"] for trial in trials if trial["state"].endswith("silent")]


class Guarded:
    def __init__(self, objective):
        self.objective = objective

    def __call__(self, trial):
        value = self.objective(trial)
        if value is None or abs(value) < math.inf:
            return value
        raise optuna.TrialPruned("it diverged")


def guards_with_numpy(objective):
    @functools.wraps(objective)
    def guarded_objective(trial, *rest):
        value = objective(trial)
        if value is not None and not np.isfinite(value):
            raise optuna.exceptions.TrialPruned
        return value

    return guarded_objective


def keeps_the_score(trial, model, n_rounds):
    for number in range(n_rounds):
        model.train_a_round()
        score = model.score()
        trial.report(step=number, value=np.float32(score))
        if trial.should_prune() is True:
            raise optuna.exceptions.TrialPruned("enough")
    return torch.tensor(score)


def raises_after_the_loop(trial, model, n_rounds):
    number = 0
    while number < n_rounds:
        model.train_a_round()
        trial.report(model.score(), number)
        if trial.should_prune():
            break
        number += 1
    else:
        return model.score()
    raise optuna.TrialPruned


def keeps_what_it_raised(trial, model):
    raised = []

    def after_round(number, metrics):
        try:
            trial.report(1 - metrics["error"], number)
            if trial.should_prune():
                raise optuna.TrialPruned
        except optuna.TrialPruned as error:
            raised.append(error)
        return not raised

    model.fit(after_round)
    if raised:
        raise raised[0]
    return 1 - model.error


def empties_the_lists(candidates, rows, all_rows, folds):
    total = 0
    while candidates:
        total += candidates.pop() * rows.pop() / all_rows
    return total * folds


def sorts_by_size(trials, points):
    limit = max(100 * trial.values[0] for trial in trials) - points
    return next(trial for trial in sorted(trials, key=lambda trial: trial.values[1])
                if 100 * trial.values[0] >= limit - 1e-9)


def among_arrays(trials, points):
    accuracy, size = np.array([trial.values for trial in trials]).T
    return trials[int(np.where(accuracy.max() - accuracy <= points / 100 + 1e-9, size, np.inf).argmin())]


def fills_a_tensor(trial, train, seeds):
    values = torch.zeros(len(seeds))
    for number in range(len(seeds)):
        values[number] = train(trial, seeds[number])
        trial.report(values[: number + 1].mean().item(), number)
        if trial.should_prune():
            raise optuna.exceptions.TrialPruned("behind")
    return values.mean()


def running_mean(trial, train, seeds):
    total = 0
    for count, seed in enumerate(seeds, start=1):
        total += train(trial, seed=seed)
        trial.report(total / count, step=count)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return total / len(seeds)


RIGHT = {
    "01.1": [("LSTM", np.float64(25)), ("lstm", 20.5), (" Lstm", torch.tensor(30))],
    "01.2": [
        lambda n_rows, batch_size, epochs, share: round(epochs * share * -(-n_rows // batch_size)),
        lambda n_rows, batch_size, epochs, share: np.ceil(epochs * np.ceil(n_rows / batch_size) * share),
        lambda *training: torch.tensor(math.floor(training[2] * training[3] * math.ceil(training[0] / training[1]))),
    ],
    "01.3": [
        lesson_01.recipe(warmup=np.int64(300), factor=math.sqrt(0.075), n_layers=1),
        PaperRecipe(0.125, 2, False, 452, (452 / 4_000) ** 0.5),  # 40 % of 1,128 steps, rounded up as in 01.2
    ],
    "02.1": [
        loop_over_texts,
        lambda states, is_token: torch.where(is_token[:, :, None], states, torch.tensor(-1e9)).max(1)[0],
        lambda states, is_token: torch.amax(states.double().masked_fill(is_token.unsqueeze(2) == 0, -math.inf), dim=1),
    ],
    "02.2": [([16, 30, 2 * 50], [3 * 2, 16, 50]), (torch.Size((16, 30, 100)), torch.Size((6, 16, 50)))],
    "02.3": [
        sorts_the_list,
        lambda accuracies: len(accuracies) - np.argmax(accuracies[::-1]),
        lambda accuracies: max(range(len(accuracies)), key=lambda epoch: (accuracies[epoch], epoch)) + 1.0,
    ],
    "03.1": [
        d_model_from_heads,
        lesson_03.space(d_model=lambda trial: trial.suggest_categorical("d_model", [32, 64, 128])),
        lesson_03.space(d_model=lambda trial: 2 ** trial.suggest_int("log2_d_model", 4, 7)),
        lesson_03.space(lr=lambda trial: math.exp(trial.suggest_float("ln_lr", math.log(1e-5), math.log(1e-1)))),
    ],
    "03.2": [with_defaults],
    "03.3": [chosen_by_if],
    "04.1": [
        counts_states,
        lambda study, total: max(total - finished(study), 0),
        lambda study, total: sum(1 for _ in range(finished(study), total)),
    ],
    "04.2": [
        reports_each(lambda loss, accuracy, best: -loss),
        reports_each(lambda loss, accuracy, best: 1 - loss, first=0),
        reports_each(lambda loss, accuracy, best: np.float32(accuracy)),
        reports_each(lambda loss, accuracy, best: best),
    ],
    "04.3": [np.int64(76), 76.0, torch.tensor(76)],
    "05.1": [fixed_width, define_narrow_transformer, lesson_05.space(n_layers=(3, 3))],
    "05.2": [
        lambda values: stats.t.ppf(0.975, len(values) - 1) * stats.sem(values),
        lambda values: -stats.t.ppf(0.025, df=len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values)),
        lambda values: stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))[1] - np.mean(values),
        lambda values: stats.t.ppf(0.975, len(values) - 1) * torch.tensor(values).std() / len(values) ** 0.5,
    ],
    "05.3": [(lesson_05.my_train, minimizes_the_error()), (lambda *given: list(lesson_05.my_train(*given)),
                                                           lesson_05.study())],
    "06.1": [
        {"label": 4, "text": [2], "header": None, "sep": ";"},
        {"text": np.int64(2), "label": np.int64(4)},
        {"text": "message", "label": "team", "names": ["date", "number", "message", "answer", "team"]},
    ],
    "06.2": [
        letter_by_letter,
        lambda text: re.sub(r"([^\w\s])", r" \1 ", text.lower()).split(),
        lambda text: [token for token in re.split(r"(\W)", text.lower()) if token.strip()],
        lambda text: [token.group().lower() for token in re.finditer(r"[^\W_]+|[^\w\s]|_", text)],
    ],
    "06.3": [
        adds_up_costs,
        lambda probabilities, y: np.array([[0, -1], [-10, 0]])[y, probabilities.argmax(axis=1)].mean(),
        lambda probabilities, y: torch.tensor(-np.where(y == (probabilities[:, 1] > 0.5), 0, 1 + 9 * y).mean()),
    ],
    "07.1": [by_a_loop, takes_out_the_others, ends_the_dead],
    "07.2": [
        Guarded,
        guards_with_numpy,
    ],
    "07.3": [
        lambda seconds, per_second: math.floor(per_second * seconds),
        lambda seconds, per_second: per_second // (1 / seconds),
        lambda seconds, per_second: np.floor(per_second / (1 / seconds)),
    ],
    "08.1": [keeps_the_score, raises_after_the_loop],
    "08.2": [
        keeps_what_it_raised,
        lesson_08.hooked(report=lambda error: -error),
        lesson_08.hooked(report=lambda error: 100 * (1 - error), returned=lambda errors: np.float64(1 - errors[-1])),
        lesson_08.hooked(step=lambda number: number + 1),
    ],
    "08.3": [
        empties_the_lists,
        lambda candidates, rows, all_rows, folds: folds * np.dot(candidates, rows) / all_rows,
        lambda candidates, rows, all_rows, folds: folds * (torch.tensor(candidates) * torch.tensor(rows)).sum()
        / all_rows,
    ],
    "09.1": [
        lambda values: statistics.mean(max(row) for row in values.tolist()),
        lambda values: np.sort(values)[:, -1].mean(),
        lambda values: sum(map(max, values)) / len(values),
        lambda values: torch.tensor(values).double().max(dim=1).values.mean(),
    ],
    "09.2": [sorts_by_size, among_arrays],
    "09.3": [running_mean, fills_a_tensor, lesson_09.over_seeds(told=statistics.mean)],
    "11.1": [
        lambda loss, scale: math.sqrt(loss * scale**2),
        lambda loss, scale: scale * torch.tensor(loss, dtype=torch.float64).sqrt(),
        lambda loss, scale: np.sqrt(loss) * scale,
    ],
    "11.2": [deletes_in_a_loop],
    "11.3": [
        lambda worker, allowed: list(itertools.islice(itertools.cycle(allowed.split(",")), worker + 1))[-1],
        lambda worker, allowed: (allowed.split(",") * (worker + 1))[worker],
    ],
    "12.1": [before_the_last_moment, ends_the_silent],
    "12.2": [
        counts_the_rounds,
        lambda n_trials, workers: min(n_trials, workers * math.ceil(10 / workers)),
    ],
}
