"""The commands of the course: `python -m helpers doctor`, `worker`, `repair`, `classroom`, `progress` and more.

Each imports what it needs when it runs, so that the doctor works where a package is missing.
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
    add = command(worker, "run trials of a study here, beside its other workers")
    add("objective", help="MODULE:FUNCTION, like helpers.search:objective")
    add("--study", required=True, help="the study's name")
    add("--storage", required=True, help="a journal file, a database's URL, or grpc://host:port")
    add("--trials", required=True, type=int, help="the total of finished trials at which to stop")
    add("--who", help="a name to put on this worker's trials")
    add("--direction", choices=["maximize", "minimize"], help="of a new study; by default, maximize")
    add("--sampler", help="MODULE:NAME of a sampler, like a GridSampler; by default, Optuna's")
    add = command(repair, "repair a damaged journal file; a copy of it is kept")
    add("file")
    add("--study", help="the study's name, if its own record was lost")
    add("--direction", choices=["maximize", "minimize"], help="its direction, if that was lost")
    add_classroom(command(classroom, "serve one study to a class, with a leader board"))
    add = command(progress, "show what is solved, or write it to a file for the teacher")
    add("--export", metavar="FILE", help="write what is solved, and when, to a .json file; needs --who")
    add("--who", help="the learner's name")
    add("--gather", nargs=2, metavar=("FOLDER", "FILE"), help="for the teacher: all .json files of a folder as one CSV")
    add = command(record, "run the full-size experiments and write data/recorded/")
    add("part", nargs="*", help="which parts; all of them by default")
    add = command(walk, "run the notebooks at full budget, record their minutes, keep them for the book")
    add("notebook", nargs="*", help="how their names begin, like 04; all of them by default")
    return whole


def add_classroom(add):
    add("--study", default="class", help="the study's name")
    add("--storage", default="class.db", help="an SQLite file or a database's URL")
    add("--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 lets others in")
    add("--port", type=int, default=13000, help="of the study")
    add("--page-port", type=int, default=13001, help="of the leader board")
    add("--direction", default="maximize", choices=["maximize", "minimize"])
    add("--until", metavar="HH:MM", help="a time of today after which no trial begins")
    add("--remove-name", metavar="NAME", action="append", default=[], help="only this: remove a learner's trials")
    add("--remove-trial", metavar="NUMBER", type=int, action="append", default=[], help="only this: remove a trial")
    add("--csv", metavar="FILE", help="only this: write the leader board to a file")
    add("--card", metavar="FILE", help="only this: write a page to print, with the line that learners type")


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a file or pipe on Windows holds no name in Greek letters
    arguments = parser().parse_args()
    try:
        run(arguments)
    except ImportError as error:
        from helpers.commands import command

        place = [f"{step.filename}, line {step.lineno}" for step in traceback.extract_tb(error.__traceback__)
                 if not step.filename.startswith("<")][-1]
        sys.exit(f"{error} ({place}); this Python, {sys.executable}, lacks a package, or has another version of it; if "
                 f"it is one of the course, this says how to install it: {command('-m', 'helpers', 'doctor')}")


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
