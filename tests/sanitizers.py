#!/usr/bin/python3
"""Everything again in a build with AddressSanitizer and UndefinedBehaviorSanitizer: the programs of `unit`, and the library with few schedules."""
from stage import Stage, built, library_files, program_names, program_tests

OPTIONS = ["-Dtests=true", "-Db_sanitize=address,undefined", "-Doptimization=1", "-Ddebug=true"]
SETTINGS = {
    "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=0:allocator_may_return_null=1:detect_leaks=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def main():
    stage = Stage(__doc__)
    folder, error = built(stage, "sanitize", "gcc", OPTIONS, "all")
    if not stage.case("build with -fsanitize=address,undefined", error):
        stage.finish()
    program_tests(stage, folder, ["--timeout-multiplier", "5", *program_names(folder)], SETTINGS)
    if library_files():
        outcomes, error = stage.library("--schedules", 5, "scenarios", program=folder / "reports/cli/irqlab", env={**stage.environment, **SETTINGS})
        stage.case("library", error)
        for name, outcome in outcomes.items():
            stage.case(name, f"{outcome['why']}" if outcome["status"] in ("crashed", "bad input") else None)
    stage.finish()


if __name__ == "__main__":
    main()
