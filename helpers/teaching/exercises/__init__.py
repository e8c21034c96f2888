"""The checks of the exercises, one file per lesson; `helpers.teaching.checks` loads them."""
