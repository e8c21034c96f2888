"""The commands of the course: `python -m helpers doctor`, `record [PART ...]`, `walk [NOTEBOOK ...]`."""

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


if __name__ == "__main__":
    main()
