"""The class study with 30 laptops: trials a minute, errors, the slowest request.

Each worker is a process of its own and, where root may do so, in a network of its own, as if on another machine. Its
trial has 10 parameters and 12 reports, and waits 5 seconds where a real one would train.
"""

import argparse
import contextlib
import io
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

WORKERS = 30
TRIAL_SECONDS = 5
REPORTS = 12
REQUESTS = ("create_new_trial", "set_trial_param", "set_trial_intermediate_value", "set_trial_user_attr",
            "set_trial_system_attr", "set_trial_state_values", "get_trial", "get_all_trials")  # fmt: skip
PORT = 13100


def objective(trial):
    skill = sum(trial.suggest_float(f"x{number}", 0, 1) for number in range(7)) / 7
    trial.suggest_int("n_layers", 1, 4)
    trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"])
    trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    pause = random.uniform(0.8, 1.2) * TRIAL_SECONDS / REPORTS
    for epoch in range(REPORTS):
        time.sleep(pause)
        trial.report(skill * (epoch + 1) / REPORTS, epoch)
        trial.should_prune()  # asked each epoch, as a training does, and not followed, so that all trials are as long
    return skill


def work(address, who, seconds):
    """A worker: joins, says "ready", waits for a line, begins trials for so many seconds, says what happened."""
    import optuna

    from helpers.study import open_storage, open_study

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage, took, errors, finished = open_storage(address, who=who), [], [], 0
    for name in REQUESTS:
        setattr(storage, name, timed(getattr(storage, name), took))
    with contextlib.redirect_stdout(io.StringIO()):
        study = open_study("class", storage)
    print("ready", flush=True)
    sys.stdin.readline()
    took.clear()
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        try:
            study.optimize(objective, n_trials=1)
            finished += 1
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    elapsed = time.perf_counter() - start
    print(json.dumps({"finished": finished, "seconds": elapsed, "errors": errors, "took": took}), flush=True)


def timed(method, took):
    def call(*arguments, **options):
        start = time.perf_counter()
        try:
            return method(*arguments, **options)
        finally:
            took.append(time.perf_counter() - start)

    return call


def networks(stack):
    """Makes a bridge with an address, and networks that reach only it; both are gone when the stack is closed.

    Returns the address, and for each worker the beginning of the command that runs in its network.
    """

    def ip(command):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)

    def later(command):
        stack.callback(subprocess.run, ["ip", *command.split()], capture_output=True)

    tag, net = f"c{os.getpid() % 100_000}", "10.213.77"
    try:
        ip(f"link add {tag} type bridge")
        later(f"link del {tag}")
        ip(f"addr add {net}.1/24 dev {tag}")
        ip(f"link set {tag} up")
        for number in range(WORKERS):
            name = f"{tag}-{number}"
            ip(f"netns add {name}")
            later(f"netns del {name}")  # its cable goes with it
            ip(f"link add {name} type veth peer name eth0 netns {name}")
            ip(f"link set {name} master {tag} up")
            ip(f"-n {name} addr add {net}.{number + 2}/24 dev eth0")
            ip(f"-n {name} link set eth0 up")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no networks of their own ({getattr(error, 'stderr', error)}); all on loopback")
        return "127.0.0.1", [[]] * WORKERS
    return f"{net}.1", [["ip", "netns", "exec", f"{tag}-{number}"] for number in range(WORKERS)]


def measure(seconds):
    """Runs it all; a dictionary of numbers."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        host, entries = networks(stack)

        def start(command, **options):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        server = start([sys.executable, "-m", "helpers", "classroom", "--storage", f"{folder}/class.db", "--host", host,
                        "--port", str(PORT), "--page-port", str(PORT + 1)])  # fmt: skip
        while server.stdout.readline() != "Ctrl-C ends it.\n":
            if server.poll() is not None:
                sys.exit("the class study did not start; its reason stands above")
        workers = [
            start([*entry, sys.executable, __file__, "--worker", f"grpc://{host}:{PORT}", "--who", f"Learner {number}",
                   "--seconds", str(seconds)], stdin=subprocess.PIPE)
            for number, entry in enumerate(entries, 1)
        ]  # fmt: skip
        for worker in workers:
            if worker.stdout.readline() != "ready\n":
                sys.exit("a worker could not join; its reason stands above")
        for worker in workers:
            print("go", file=worker.stdin, flush=True)
        results = [json.loads(worker.stdout.readline()) for worker in workers]
    took = sorted(request for result in results for request in result["took"])
    errors = [error for result in results for error in result["errors"]]
    return {
        "workers": WORKERS, "seconds": seconds,
        "network": "a network namespace each" if entries[0] else "loopback",
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "trials": sum(result["finished"] for result in results),
        "trials_a_minute": round(sum(60 * result["finished"] / result["seconds"] for result in results), 1),
        "ideal": WORKERS * 60 / TRIAL_SECONDS,
        "errors": len(errors), "first_errors": errors[:3], "requests": len(took),
        "request_seconds_a_trial": round(sum(took) / sum(result["finished"] for result in results), 3),
        "median_ms": round(1000 * statistics.median(took), 1),
        "slowest_ms": round(1000 * took[-1], 1),
    }  # fmt: skip


def record(numbers, start):
    import pandas as pd  # here, so that the thirty workers stay light

    from helpers.authoring.provenance import write_provenance
    from helpers.recorded import RECORDED

    row = {
        "workers": WORKERS, "seconds": numbers["seconds"], "trials": numbers["trials"],
        "trials_per_minute": numbers["trials_a_minute"], "ideal_per_minute": numbers["ideal"],
        "errors": numbers["errors"], "median_ms_per_request": numbers["median_ms"],
        "slowest_ms": numbers["slowest_ms"], "where": numbers["network"],
    }  # fmt: skip
    pd.DataFrame([row]).to_csv(RECORDED / "classroom.csv", index=False)
    what = "A class study: workers that wait five seconds a trial, ten parameters and twelve reports, one gRPC proxy."
    write_provenance("classroom", what, "python -m tests.bench.classroom --record", start, seeds="none",
                              workers=WORKERS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--record", action="store_true", help="write the numbers to data/recorded")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--who", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker, arguments.who, arguments.seconds)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the networks go in any case
    start = time.perf_counter()
    numbers = measure(arguments.seconds)
    print("Class study: {workers} workers, {network}, {seconds:.0f} s, trials of 5 s ({machine})\n"
          "  trials a minute: {trials_a_minute} of {ideal:.0f} without any overhead; errors: {errors} {first_errors}\n"
          "  requests: {requests}, median {median_ms} ms, slowest {slowest_ms} ms; {request_seconds_a_trial} s a trial"
          .format(**numbers))
    if arguments.record:
        record(numbers, start)


if __name__ == "__main__":
    main()
