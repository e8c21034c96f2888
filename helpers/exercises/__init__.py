"""The checks of the exercises, a file a lesson; `helpers.checks` loads them."""
