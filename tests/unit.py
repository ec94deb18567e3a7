#!/usr/bin/python3
"""The programs that meson knows as tests: unit and conformance. Layers, commands and fuzzing are stages of their own."""
from stage import Stage, program_names, program_tests


def main():
    stage = Stage(__doc__)
    program_tests(stage, stage.build, [name for name in program_names(stage.build) if name != "cli" and not name.startswith("fuzz ")])
    stage.finish()


if __name__ == "__main__":
    main()
