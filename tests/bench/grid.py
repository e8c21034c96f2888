"""The grid of configurations that tests/bench/table.py trains; what is not in it is fixed."""

GRID = {
    "lr": [1e-5, 3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2, 1e-1],
    "optimizer": ["Adam", "RMSprop", "SGD"],
    "n_layers": [1, 2, 3],
    "d_model": [32, 64, 96],
    "norm_first": [False, True],
    "dropout": [0.0, 0.2],
    "batch_size": [64, 128],
}
FIXED = {"n_heads": 4, "ff_factor": 2, "pooling": "mean", "warmup": 0.1, "label_smoothing": 0.0,
         "beta1": 0.9, "alpha": 0.99, "momentum": 0.9}
