"""The commands of the course: `python -m helpers doctor`, `record`, `walk`, `worker`, `repair`, `classroom`."""

import argparse
import sys


def main():
    parser = argparse.ArgumentParser(prog="python -m helpers")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="say what is wrong with the installation and how to mend it")
    record = commands.add_parser("record", help="run the full-size experiments and write data/recorded/")
    record.add_argument("part", nargs="*", help="which parts; all of them if none is named")
    walk = commands.add_parser("walk", help="run the notebooks at full budget and write them as HTML under build/")
    walk.add_argument("notebook", nargs="*", help="how their names begin, like 04; all of them if none is named")
    worker = commands.add_parser("worker", help="run trials of a study here, beside its other workers")
    worker.add_argument("objective", help="where it is: MODULE:FUNCTION, like helpers.search:objective")
    worker.add_argument("--study", required=True, help="the study's name")
    worker.add_argument("--storage", required=True, help="a journal file, a database's URL, or grpc://host:port")
    worker.add_argument("--trials", required=True, type=int, help="the total of finished trials at which to stop")
    worker.add_argument("--who", help="a name that this worker's trials carry")
    worker.add_argument("--direction", default="maximize", choices=["maximize", "minimize"])
    repair = commands.add_parser("repair", help="mend a damaged journal file; a copy of it is kept")
    repair.add_argument("file")
    repair.add_argument("--study", help="the study's name, where its own record was lost")
    repair.add_argument("--direction", choices=["maximize", "minimize"], help="its direction, where that was lost")
    classroom = commands.add_parser("classroom", help="serve one study to a class, with a leader board")
    classroom.add_argument("--study", default="class", help="the study's name")
    classroom.add_argument("--storage", default="class.db", help="an SQLite file or a database's URL")
    classroom.add_argument("--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 lets others in")
    classroom.add_argument("--port", type=int, default=13000, help="of the study")
    classroom.add_argument("--page-port", type=int, default=13001, help="of the leader board")
    arguments = parser.parse_args()
    # Imported here, so that the doctor works where a package is missing.
    if arguments.command == "doctor":
        from helpers import doctor

        sys.exit(0 if doctor.report() else 1)
    if arguments.command == "record":
        from helpers import recorded

        recorded.record(arguments.part)
    if arguments.command == "walk":
        from helpers.walk import walk

        sys.exit(0 if walk(names=arguments.notebook) else 1)
    from helpers.journal import StudyError

    try:
        if arguments.command == "worker":
            from helpers.worker import work

            work(arguments.objective, arguments.study, arguments.storage, arguments.trials, arguments.who,
                 arguments.direction)
        if arguments.command == "repair":
            from helpers.repair import repair

            print("\n".join(repair(arguments.file, arguments.study, arguments.direction)))
        if arguments.command == "classroom":
            from helpers.classroom import serve

            serve(arguments.study, arguments.storage, arguments.host, arguments.port, arguments.page_port)
    except StudyError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
