"""The quick questions of the lessons, as plain data: each option comes with a reason, right or wrong.

In reasons, a section of the lesson is named as: section "Count the steps". A test looks whether it exists.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    text: str
    right: str  # the letter of the right option
    options: dict  # option: reason, in the order in which they are shown: a, b, c, ...

    @property
    def lettered(self):
        """{letter: (option, reason)}"""
        return dict(zip("abcd", self.options.items(), strict=False))


QUESTIONS = {
    "01": [
        Question(
            "A friend has trained a Transformer for ten epochs. The validation accuracy lies flat, at the share of the "
            "most frequent class. What do you advise?",
            "b",
            {
                "The architecture does not suit the data; go back to the model that you had before.":
                    "This is where most people stop. But with the cards the same model took off once it had epochs "
                    "enough: section \"Or be patient\". A flat line speaks about this budget with these settings, not "
                    "about the architecture.",
                "It has learnt nothing yet; look at what its settings allow in ten epochs.":
                    "Flat at the majority's share means that it says the most frequent class to everything. Whether "
                    "it is about to start or never will, the line does not say. The steps and the schedule do.",
                "The validation part is too small to see any progress.":
                    "A small validation part makes a curve jump up and down, and this one is flat. How jumpy a number "
                    "is, you see from several seeds: section \"Was it bad luck?\".",
            },
        ),
        Question(
            "A recipe asks for a warm-up of 2,000 steps. Your training has 600. What happens?",
            "c",
            {
                "PyTorch shortens the warm-up, so that it fits.":
                    "It would be kind, but a schedule only counts steps and does not know when the last one comes. "
                    "You have to fit it: section \"Count the steps\".",
                "The model trains at the recipe's highest learning rate, for a shorter time.":
                    "The highest rate stands at the end of the warm-up, and this training is over long before. In the "
                    "picture of section \"Count the steps\", look where the band ends.",
                "The learning rate is still rising when the training ends.":
                    "All 600 steps are start-up. So the paper's numbers are a recipe only together with the paper's "
                    "number of steps.",
            },
        ),
        Question(
            "You suspect the warm-up, set it from 4,000 steps to 400 in the paper's formula, and leave the rest alone. "
            "The result is no better. Is the warm-up cleared?",
            "a",
            {
                "No: the formula also raised the highest learning rate, so two things have changed.":
                    "You changed one number in the code and two things in the training. To clear or blame the length "
                    "alone, hold the peak where it was.",
                "Yes: one thing was changed, and it made no difference.":
                    "One number was changed, but what did it do to the curve? Compare the three lines in section "
                    "\"Count the steps\": a shorter warm-up has a higher peak.",
                "Yes: a long warm-up is what Transformers need, the paper says so.":
                    "The paper says it for a training of 100,000 steps. What is long depends on how many steps there "
                    "are: section \"Count the steps\".",
            },
        ),
    ],
    "02": [
        Question(
            "A search of a thousand trials tunes the embedding classifier on the card hands: sizes, dropout, learning "
            "rate. How far can it get?",
            "a",
            {
                "About as far as logistic regression on the bag of cards.":
                    "Whatever the settings, the model takes a mean and then adds up one score for each card. That is "
                    "what logistic regression on the bag does. Tuning chooses among the things that a model can say; "
                    "it does not give it new ones.",
                "As far as the LSTM, if the hidden size may become large enough.":
                    "It is tempting to think that size is power. But a wider mean is still a mean: it forgets the "
                    "order, and no card can change what another one counts. See section \"Model 1: the embedding "
                    "classifier\".",
                "A little further with every hundred trials.":
                    "Early in a search it looks like that. Then the curve goes flat below the model's own ceiling, "
                    "and for this model on these data the ceiling is low: section \"Model 1: the embedding "
                    "classifier\".",
            },
        ),
        Question(
            "Two models were trained for twelve epochs. For A you are told the last epoch's accuracy, for B the best "
            "epoch's. They are equal. What do you make of it?",
            "c",
            {
                "The models are equally good; both had twelve epochs.":
                    "The training was fair, the reading was not. The best of twelve numbers that go up and down is "
                    "larger than a typical one, even for a model that learns nothing: section \"Which epoch counts?\".",
                "B is better, since its best epoch shows what it is capable of.":
                    "A has a best epoch too, at least as high as its last; you were not told it. See section \"Which "
                    "epoch counts?\".",
                "A is probably better, since B's number had twelve chances to be lucky.":
                    "And A's number had one. Which rule you take matters less than that it is the same for both.",
            },
        ),
        Question(
            "The third check fails for your model, in evaluation mode: the same message in a wider rectangle gets "
            "another prediction. Where do you look first?",
            "b",
            {
                "At the learning rate and the number of epochs that it was trained with.":
                    "Both predictions come from the same weights, however these were trained. Only the padding "
                    "differs. See section \"Three checks before you tune\".",
                "Where positions come together: mean, attention, last state.":
                    "Somewhere the padding is counted as if it were words. Each of these places needs to be told "
                    "which positions are tokens.",
                "At the vocabulary, for a word that is unknown.":
                    "An unknown word is the same number in the narrow and in the wide rectangle, so it can't make them "
                    "differ. What does differ is the number of zeros: section \"One row for each text: the masked "
                    "mean\".",
            },
        ),
    ],
    "03": [
        Question(
            "Why does a learning rate want log=True?",
            "c",
            {
                "Because small learning rates are better, and a log scale prefers them.":
                    "It does draw small rates more often than an even scale does, so it looks like that. But it has "
                    "no opinion: each power of ten gets the same share, the large ones too. See section \"Why a log "
                    "scale?\".",
                "Because its range is wide, and wide ranges want a log scale.":
                    "A wide range alone is no reason: an even scale suits a number of seconds from 1 to 1,000 if each "
                    "second counts the same. Ask what makes a difference to the model: section \"Why a log scale?\".",
                "Because what matters is by which factor it changes, not by how much.":
                    "From 0.0001 to 0.001 is as large a step for the training as from 0.01 to 0.1, though the second "
                    "is a hundred times as long on an even scale. What you would try by hand as 0.1, 0.01, 0.001 wants "
                    "a log scale.",
            },
        ),
        Question(
            "A search space draws d_model and n_heads independently, and the objective raises TrialPruned for pairs "
            "that don't fit. What is wrong with that?",
            "b",
            {
                "Nothing: a trial that is pruned at once costs no time.":
                    "It costs little time, but it counts: a hundred trials are a hundred trials, pruned ones included. "
                    "And there is a second cost; section \"Define by run: a space that branches\" names it.",
                "It uses up trials, and the sampler takes good values for bad ones.":
                    "A d_model of 96 looks bad because 96 and 5 don't fit, not because 96 is bad. Choose ranges in "
                    "which no bad pair exists, and every trial tells you something.",
                "Optuna does not allow it: a trial can be pruned only after it has reported a value.":
                    "It does allow it, and many do it so. The price is paid elsewhere: section \"Define by run: a "
                    "space that branches\".",
            },
        ),
        Question(
            "A colleague adds trial.suggest_int(\"seed\", 0, 1000) to the objective, and the best value of the study "
            "goes up. A good idea?",
            "a",
            {
                "No: the search now looks for luck, and luck does not come along to new data.":
                    "Among a thousand seeds some score high by chance on this validation part, and a search finds "
                    "them. Hold the seed fixed while you search, and train the winner with several afterwards.",
                "Yes: the seed changes the result, so it is a setting like any other.":
                    "It does change the result, which makes it tempting. But a setting is something that you can "
                    "choose for the next data too. Which seed is lucky there, nobody can know: section \"Second "
                    "function: `objective(trial)`\".",
                "It makes no difference, since the sampler sets the seed of each trial.":
                    "The sampler's own seed decides which settings are asked for. The weights and the order of the "
                    "batches come from set_seed: section \"Second function: `objective(trial)`\".",
            },
        ),
    ],
    "04": [
        Question(
            "A study in a file holds 60 trials, 5 of them failed. You open it and call "
            "study.optimize(objective, n_trials=100). How many trials does it hold afterwards, if none fails?",
            "c",
            {
                "100":
                    "That is what people hope for. But n_trials says how many more, and the study does not look at "
                    "what it holds. For a total you have to count: section \"Stop today, go on tomorrow\".",
                "155":
                    "Failed trials are not run again, but they don't vanish either: they stay in the study, in the "
                    "state failed. See section \"A hundred trials\".",
                "160":
                    "So many more, added to all that is there, the failed ones included. run_until counts to a total.",
            },
        ),
        Question(
            "The objective returns a loss, the direction is \"minimize\", and after each epoch it reports the accuracy "
            "to the trial. What will the pruner do?",
            "a",
            {
                "Stop the good trials, since it takes high reports for bad ones.":
                    "The pruner knows one direction, the study's. Report what you return: the loss, or turn both into "
                    "accuracies.",
                "Stop the bad trials, since accuracy is an accuracy.":
                    "It sees numbers and not what they mean. What tells it whether a high number is good? Section "
                    "\"Minimise a loss instead\".",
                "Nothing, since it waits for the value that the objective returns.":
                    "When that value comes, there is nothing left to stop. A pruner lives from the reports on the way: "
                    "section \"Pruning: on and off\".",
            },
        ),
        Question(
            "Some settings of your model lie flat for a few epochs and then take off. The pruner compares from the "
            "first epoch on. What should worry you?",
            "b",
            {
                "The search takes longer, since the pruner has more to compare.":
                    "To compare costs next to nothing, and stopping early makes a search shorter. The price is of "
                    "another kind: section \"Pruning: on and off\".",
                "Slow starters are stopped before they take off, and fast ones look best.":
                    "And nothing in the report will tell you, since a trial that was stopped never shows what it "
                    "could do. A little patience, n_warmup_steps, protects them.",
                "The trials that were stopped are missing from the study, with all that they reported.":
                    "They are all there, in the state pruned, with what they reported. That is why you can look "
                    "afterwards for those that were rising: section \"A hundred trials\" counts them.",
            },
        ),
    ],
    "05": [
        Question(
            "The best trial of a study has a higher value than its own settings reach when you train them again with "
            "five other seeds. What has happened?",
            "b",
            {
                "A bug: the same settings have to give the same number.":
                    "With the same seed they do. With another one the training starts elsewhere, and the number moves. "
                    "Look for a bug only when the same seed gives another value; section \"The drop, and its name\".",
                "The largest of many noisy numbers was chosen, so it was a lucky one.":
                    "That is selection. It happens in every search, also in a search by hand. Report the mean of the "
                    "trainings that played no role in the choice.",
                "Overfitting: the model has learnt its training data by heart, noise included.":
                    "The word is near, but overfitting happens inside one training. Here a choice among trainings "
                    "fits the validation part by chance: section \"The drop, and its name\".",
            },
        ),
        Question(
            "The importance of n_layers comes out near zero. May you set it to any number in your next study?",
            "c",
            {
                "Yes: it makes no difference to the value.":
                    "It made none among the trials that were run. How many different depths did they try? Section "
                    "\"Which values are good? Slices\" counts them.",
                "No: an importance of zero means that something went wrong; each parameter matters.":
                    "It can be an honest answer, and to know what does not matter is worth a lot. The question is "
                    "whether these trials could have shown it: section \"What mattered? Two opinions\".",
                "Not yet: first see whether the trials tried different numbers at all.":
                    "If the sampler settled on one depth early, the trials can't say what the others would have "
                    "done, and the importance is small for lack of evidence.",
            },
        ),
        Question(
            "You tune a Transformer for a hundred trials. It beats an LSTM whose settings nobody tuned, by more than "
            "the intervals. What may you write in the report?",
            "a",
            {
                "The tuned Transformer beats this LSTM; what a tuned LSTM would do, we don't know.":
                    "You compared a model together with a search against one without. Give the rival the same trials, "
                    "and the sentence may become a stronger one, or turn around.",
                "The Transformer is the better architecture for these data.":
                    "Most comparisons are made like this one, and it is the tuning that wins many of them. See the "
                    "rules in section \"The exam\".",
                "Nothing: two architectures can't be compared.":
                    "They can, under the same rules for both: the same trials, the same epochs, several seeds, one "
                    "look at the test part. See section \"The exam\".",
            },
        ),
    ],
    "06": [
        Question(
            "Of your messages, 97 % are harmless. A model reaches an accuracy of 0.97. What do you do first?",
            "b",
            {
                "Be glad: 97 % is far above chance for any number of classes.":
                    "Above chance in which sense? Ask what a model gets that never reads the text: section "
                    "\"Simple models first\".",
                "Ask what it finds: macro F1, and the score of always saying harmless.":
                    "Whoever always says harmless has 0.97 too. Only a score that gives the rare class its say can "
                    "tell the two apart.",
                "Tune it for longer, so that the last three percent come as well.":
                    "A study by accuracy has hardly a reason to look for them: each is one row in a hundred. Which "
                    "number should it go by? See section \"What own data make you decide\".",
            },
        ),
        Question(
            "Your test part has 60 rows. You examine the winner with 5 seeds, then with 50. What becomes of the doubt "
            "about its accuracy?",
            "a",
            {
                "A part of it stays: other 60 rows would have given another score.":
                    "Seeds tell how much a training varies. How much these rows happen to suit the model is a second "
                    "doubt, and only more rows lessen it.",
                "It shrinks to almost nothing, as the interval over the seeds does.":
                    "That interval shrinks, and it is one of two. What does the bootstrap ask? See section "
                    "\"The exam\".",
                "It stays as it was, since seeds play no role in an exam.":
                    "They do: each seed is another training, and their scores differ. But this is one doubt of two: "
                    "section \"The exam\".",
            },
        ),
        Question(
            "The study says: bag of embeddings, 4 trials, best 0.84; LSTM, 45 trials, best 0.86. What follows for the "
            "bag?",
            "c",
            {
                "It is the weaker architecture for these data, by two points.":
                    "The best of 45 is compared with the best of 4. The more tries, the better the best: section "
                    "\"The study\".",
                "The sampler has shown that it can't be tuned any further.":
                    "The sampler went where the first values were good. That saves time, and says nothing about what "
                    "it left aside: section \"The study\".",
                "Little: it was hardly asked. With as many trials it may do as well.":
                    "A fair comparison gives each the same number of trials, as in lesson 05. A study that chooses "
                    "between architectures answers another question: what is good enough, soon.",
            },
        ),
    ],
    "07": [
        Question(
            "Four cores, a small network, and `study.optimize(objective, n_trials=100, n_jobs=-1)`: it is hardly "
            "faster than before, and the fan is loud. What do you try first?",
            "b",
            {
                "n_jobs=8, so that a core always has a trial to go on with.":
                    "More threads fight for the same interpreter lock and the same cores. Look at what the arms differ "
                    "in, in section \"Is it faster?\".",
                "Four processes on one storage, each with one torch thread.":
                    "Each has an interpreter and a random number generator of its own, and no two of them ask for the "
                    "same core. The objective stays as it is.",
                "A faster storage, since four trials at once wait for the file.":
                    "A trial of seconds writes a few lines, which take milliseconds. Section \"Which storage when\" "
                    "has the price of a trial; compare it with how long yours takes.",
                "Nothing: Python can't use more than one core.":
                    "One Python process can hardly, for code in Python. Several processes can: section \"What a worker "
                    "is\".",
            },
        ),
        Question(
            "Yesterday a worker was killed. Today a trial of the study is still in the state RUNNING. What do you "
            "know?",
            "c",
            {
                "That its worker is still running somewhere, and you should wait for it.":
                    "Only the worker itself could have changed that state, and a program that is killed changes "
                    "nothing. The drill shows it in section \"The drill\".",
                "That its worker is dead, since no trial takes a night; mark it as failed.":
                    "You may be right, but the state does not say so, and to fail the trial of a living worker costs "
                    "its work. What else can you ask? See section \"The drill\".",
                "Nothing yet: look whether the process that began it still lives, or sends a heartbeat.":
                    "RUNNING means that the trial was begun and not ended. Who began it, and whether that process "
                    "lives, has to be written down beside it: that is what open_study adds.",
            },
        ),
        Question(
            "Two workers run the same study twice, with the same seed for the sampler and set_seed(0) in the "
            "objective. Which of these will be the same in both runs?",
            "a",
            {
                "The value of any trial that has the same settings in both.":
                    "Its settings and its seed decide a training, on the same machine, since each worker is a process "
                    "with a generator of its own. Which settings are tried is another matter.",
                "The settings of all the trials, though perhaps in another order.":
                    "The sampler chooses from what has ended by then, and who ends first is chance. How early that "
                    "begins to matter you see in section \"Seeds, when there are several\".",
                "Nothing at all: with more than one worker everything is chance.":
                    "For the course of the study that is right. But look at the last column of the table in section "
                    "\"Is it faster?\", in the row of the processes.",
            },
        ),
    ],
    "08": [
        Question(
            "You maximize the accuracy. The callback of your library reports the error after each round. The study "
            "runs without a warning. What do you find at the end?",
            "b",
            {
                "Nothing unusual: a pruner compares trials with each other, whatever the number means.":
                    "It does compare, and it keeps the higher half, since the study maximizes. Higher is better for an "
                    "accuracy. What is it for an error? See section \"What is reported?\".",
                "Good trials were ended early, and bad ones were trained to the end.":
                    "To the pruner a high number is a good one, so it spares the trials with many errors. Only those "
                    "that it does not touch yet can save the study.",
                "All trials failed, since what is reported and what is returned differ.":
                    "Optuna never compares the two: what is reported is for the pruner alone, and what is returned for "
                    "the sampler. That is why nobody warns you: section \"What is reported?\".",
            },
        ),
        Question(
            "Your library trains with one call of fit. It has neither rounds nor callbacks. What becomes of the "
            "pattern?",
            "c",
            {
                "It does not apply; such a library needs a tuner of its own.":
                    "A trial needs settings and a value, and you can give it both. Which of the three questions has no "
                    "answer here? See section \"The pattern, once\".",
                "Call fit several times, and report after each call.":
                    "For most libraries a second `fit` begins anew: you would train several times, and report the same "
                    "value. Whether a training can go on is what section \"The same, in scikit-learn\" looks for.",
                "The model and the objective stay; there is nothing to prune.":
                    "A study without a pruner is still a study: it chooses the settings. What gets lost is the chance "
                    "to end a bad training early.",
            },
        ),
        Question(
            "Two tuners were compared on five splits of the same data. Their mean accuracies differ a little, and "
            "their intervals overlap by far. What do you do next?",
            "a",
            {
                "Take the difference within each split, and look at the interval of these five differences.":
                    "If some splits are harder for both, that widens both intervals and says nothing about the "
                    "tuners. Within one split it cancels out.",
                "Say that they are equal, since the intervals overlap.":
                    "Overlapping intervals say that you can't tell yet, and a part of their width may have nothing to "
                    "do with the tuners: section \"Are the ready-made tuners better?\".",
                "Take the one whose mean is higher, since five seeds are enough.":
                    "Five seeds give you an interval, and that is there to be read. What does it contain, besides the "
                    "tuners? See section \"Are the ready-made tuners better?\".",
            },
        ),
    ],
    "09": [
        Question(
            "One setting, trained with a hundred seeds, has a mean of 0.94 and a standard deviation of 0.01. The best "
            "of the hundred has 0.965. Next month it is trained again, on new data. What accuracy do you promise?",
            "b",
            {
                "0.965: the seed is known, so the run can be repeated.":
                    "It can, on the same rows. On others the seed draws the same first weights, and they are no longer "
                    "the lucky ones. What is kept on test is in section \"The best of a hundred looks better than it "
                    "is\".",
                "0.94: nothing but the seed differs, and its luck is not repeated.":
                    "The best of many equal runs lies two or three standard deviations above their mean. What a "
                    "setting gives you when it is trained again is the mean, and the mean is what you tune.",
                "Between the two: half of the difference is usually kept.":
                    "The same weights keep a part of their lead on new rows, as the picture shows. But next month they "
                    "are not the same weights: section \"The best of a hundred looks better than it is\".",
            },
        ),
        Question(
            "The model has to fit into a chip with room for a thousand parameters. You want the highest accuracy that "
            "fits. What do you tell Optuna?",
            "a",
            {
                "One direction, and a constraint: how far a trial lies beyond the limit.":
                    "The limit is known and is not to be bargained with. Then all trials serve the one goal, and "
                    "`best_trial` looks at the allowed ones only.",
                "Two directions: accuracy up, parameters down.":
                    "That works, but it spends trials on models far smaller than you need, since a front has to be "
                    "found from end to end. When is it the better choice? See section \"Two objectives at once\".",
                "One direction, with the accuracy minus a penalty for each parameter.":
                    "How many points is a parameter worth? You would have to tune that number too, by hand. See "
                    "section \"Two objectives at once\".",
            },
        ),
        Question(
            "A colleague finds that the LSTM does badly on the hands as they were dealt, and wants to swap it for a "
            "Transformer. What do you try first?",
            "c",
            {
                "The swap, with the paper's settings, since they are known to be good.":
                    "They were good on other data and for another budget: that is where this course began. See section "
                    "\"The same hands in another order\".",
                "A larger LSTM: it has too few parameters for the task.":
                    "It may be, but with the same size it does far better on the same hands in another order. Which "
                    "order, says section \"The same hands in another order\".",
                "Other ways to write the hands, and a study for the LSTM.":
                    "Both cost little, and both belong in the comparison anyway: the new model should have to beat the "
                    "old one at its best.",
            },
        ),
    ],
}  # fmt: skip
