"""The small package behind the lessons; CONTRIBUTING.md shows its folders."""
