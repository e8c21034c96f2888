"""The commands of the course: `python -m helpers doctor`, `worker`, `repair`, `classroom`, `progress` and more.

Each imports its modules when it runs, so the doctor works even if a package is missing.
"""

import argparse
import sys
import time
import traceback


def doctor(arguments):
    from helpers.doctor import report

    sys.exit(0 if report() else 1)


def worker(arguments):
    from helpers.study.workers import work

    work(arguments.objective, arguments.study, arguments.storage, arguments.trials, arguments.who, arguments.direction,
         arguments.sampler)


def repair(arguments):
    from helpers.study.journal_repair import repair

    print("\n".join(repair(arguments.file, arguments.study, arguments.direction)))


def classroom(arguments):
    from helpers.classroom import join_card, remove, serve, write_csv

    names, numbers = arguments.remove_name, arguments.remove_trial
    if names or numbers:
        print(remove(arguments.study, arguments.storage, names, numbers))
    if arguments.csv:
        print(write_csv(arguments.csv, arguments.study, arguments.storage))
    if arguments.card:
        print(join_card(arguments.card, arguments.study, arguments.host, arguments.port, arguments.page_port,
                        arguments.direction))
    if not (names or numbers or arguments.csv or arguments.card):
        serve(arguments.study, arguments.storage, arguments.host, arguments.port, arguments.page_port,
              direction=arguments.direction, until=arguments.until)


def progress(arguments):
    from helpers.teaching import handing_in, progress

    if arguments.gather:
        print(handing_in.gather(*arguments.gather))
    elif arguments.export:
        print(handing_in.export(arguments.export, arguments.who))
    else:
        progress.show()


def record(arguments):
    from helpers.authoring.record import record

    record(arguments.part)


def walk(arguments):
    from helpers.authoring.minutes import write_measured
    from helpers.authoring.run_notebooks import notebooks, walk
    from helpers.budget import pick

    start = time.perf_counter()
    rows = walk(notebooks(arguments.notebook))
    if pick(True, smoke=False):
        write_measured(rows, start)
    sys.exit(1 if any(errors for *_, errors in rows) else 0)


def parser():
    whole = argparse.ArgumentParser(prog="python -m helpers")
    commands = whole.add_subparsers(required=True)

    def command(function, words):
        added = commands.add_parser(function.__name__, help=words)
        added.set_defaults(function=function)
        return added.add_argument

    command(doctor, "check the installation; name each problem and its fix")
    add = command(worker, "run trials of a study, alongside its other workers")
    add("objective", help="MODULE:FUNCTION, like helpers.search:objective")
    add("--study", required=True, help="the study's name")
    add("--storage", required=True, help="a journal file, a database's URL, or grpc://host:port")
    add("--trials", required=True, type=int, help="stop at this total of finished trials")
    add("--who", help="a name to put on this worker's trials")
    add("--direction", choices=["maximize", "minimize"], help="of a new study; default: maximize")
    add("--sampler", help="MODULE:NAME of a sampler, such as a GridSampler; default: Optuna's")
    add = command(repair, "repair a damaged journal file; the old one is kept")
    add("file")
    add("--study", help="the study's name, if the file has lost it")
    add("--direction", choices=["maximize", "minimize"], help="its direction, if the file has lost it")
    add_classroom(command(classroom, "serve one study to a class, with a leader board"))
    add = command(progress, "show what is solved, or write it to a file for the teacher")
    add("--export", metavar="FILE", help="write what is solved, and when, to a .json file; needs --who")
    add("--who", help="the learner's name")
    add("--gather", nargs=2, metavar=("FOLDER", "FILE"), help="for the teacher: all .json files of a folder as one CSV")
    add = command(record, "run the full-size experiments and write data/recorded/")
    add("part", nargs="*", help="which parts; all of them by default")
    add = command(walk, "run the notebooks at full budget, record their minutes, keep them for the book")
    add("notebook", nargs="*", help="prefixes of names, like 04; all by default")
    return whole


def add_classroom(add):
    add("--study", default="class", help="the study's name")
    add("--storage", default="class.db", help="an SQLite file or a database's URL")
    add("--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 lets others in")
    add("--port", type=int, default=13000, help="of the study")
    add("--page-port", type=int, default=13001, help="of the leader board")
    add("--direction", default="maximize", choices=["maximize", "minimize"])
    add("--until", metavar="HH:MM", help="start no trial after this time today")
    add("--remove-name", metavar="NAME", action="append", default=[], help="remove a learner's trials, and exit")
    add("--remove-trial", metavar="NUMBER", type=int, action="append", default=[], help="remove a trial, and exit")
    add("--csv", metavar="FILE", help="write the leader board to a file, and exit")
    add("--card", metavar="FILE", help="write a printable page with the learners' command line, and exit")


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # on Windows, a file or pipe can't encode every name
    arguments = parser().parse_args()
    try:
        run(arguments)
    except ImportError as error:
        from helpers.commands import command

        place = [f"{step.filename}, line {step.lineno}" for step in traceback.extract_tb(error.__traceback__)
                 if not step.filename.startswith("<")][-1]
        sys.exit(f"{error} ({place}). This Python, {sys.executable}, lacks a package or has another version of it. If "
                 f"the course needs it, this says how to install it: {command('-m', 'helpers', 'doctor')}")


def run(arguments):
    if arguments.function is doctor:
        doctor(arguments)
    from helpers.study import StudyError

    try:
        arguments.function(arguments)
    except StudyError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
