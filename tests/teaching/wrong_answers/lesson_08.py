"""Common mistakes in lesson 08, each with words that its hint has to contain."""

import optuna


def by_hand(value=lambda scores: scores[-1], report=lambda scores: scores[-1], step=lambda number: number,
            when=lambda number, rounds: True, stop=optuna.TrialPruned, ask=True, always=False):
    """The solution of 08.1, with one part replaced."""

    def train(trial, model, n_rounds):
        scores = []
        for number in range(n_rounds):
            model.train_a_round()
            scores.append(model.score())
            if always:
                raise stop
            if when(number, n_rounds):
                trial.report(report(scores), step(number))
                if ask and trial.should_prune():
                    if stop is None:
                        break
                    raise stop
        return value(scores)

    return train


def hooked(report=lambda error: 1 - error, go_on=lambda trial: not trial.should_prune(), step=lambda number: number,
           returned=lambda errors: 1 - errors[-1], raises=True):
    """The solution of 08.2, with one part replaced."""

    def objective(trial, model):
        errors = []

        def after_round(number, metrics):
            errors.append(metrics["error"])
            trial.report(report(metrics["error"]), step(number))
            return go_on(trial)

        model.fit(after_round)
        if raises and trial.should_prune():
            raise optuna.TrialPruned
        return returned(errors)

    return objective


def raises_within(trial):
    if trial.should_prune():
        raise optuna.TrialPruned
    return True


def forgets_the_round(trial, model):
    model.fit(lambda number, metrics: trial.report(1 - metrics["error"]))
    return 1 - model.error


def silent(trial, model):
    model.fit(lambda number, metrics: True)
    return 0.75


def worked(candidates, rows):
    return sum(number * size for number, size in zip(candidates, rows, strict=True))


WRONG = {
    "08.1": [
        (lambda trial, model, n_rounds: 0.5, "it trained 0 of 3 rounds"),
        (by_hand(when=lambda number, rounds: False), "got 0 reports"),
        (by_hand(when=lambda number, rounds: number == rounds - 1), "got 1 reports"),
        (by_hand(report=max), "Report each as it is"),
        (by_hand(step=lambda number: 0), "the steps of its reports"),
        (by_hand(value=max), "the score after the last round"),
        (by_hand(stop=None), "but the trial counts as complete"),
        (by_hand(ask=False), "Ask trial.should_prune() after each report"),
        (by_hand(always=True), "the pruner never said stop"),
    ],
    "08.2": [
        (hooked(go_on=lambda trial: None), "It continues if after_round returns True"),
        (hooked(report=lambda error: error), "takes a larger number for a better one"),
        (hooked(step=lambda number: 3), "pass the number of the round"),
        (hooked(returned=lambda errors: errors[-1]), "Return the last accuracy"),
        (hooked(go_on=raises_within, raises=False), "does Optuna see it?"),
        (hooked(go_on=lambda trial: True), "but it trained to round 3"),
        (forgets_the_round, "after_round raised TypeError, which the library swallowed"),
        (silent, "got 0 reports"),
    ],
    "08.3": [
        (lambda candidates, rows, all_rows, folds: sum(candidates) * folds, "on few rows as a full one."),
        (lambda candidates, rows, all_rows, folds: sum(candidates), "leaves out the folds"),
        (lambda candidates, rows, all_rows, folds: worked(candidates, rows) / all_rows, "once per fold"),
        (lambda candidates, rows, all_rows, folds: candidates[-1] * folds, "were dropped earlier"),
        (lambda candidates, rows, all_rows, folds: worked(candidates, rows) * folds, "these are rows"),
        (lambda candidates, rows, all_rows, folds: sum(rows) / all_rows * folds, "each rung trains all"),
        (lambda candidates, rows, all_rows, folds: folds, "not what they cost"),
        (lambda candidates, rows, all_rows, folds: round(folds * worked(candidates, rows) / all_rows), "don't round"),
        (lambda candidates, rows, all_rows, folds: int(folds * worked(candidates, rows) / all_rows), "don't cut"),
    ],
}
