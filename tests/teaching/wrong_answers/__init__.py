"""Mistakes that learners make, one file per lesson: {exercise: [(answer, words that the hint must hold), ...]}."""
