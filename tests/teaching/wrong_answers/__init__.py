"""Mistakes that learners make, a file a lesson: {exercise: [(answer, words that the hint must hold), ...]}."""
