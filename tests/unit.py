#!/usr/bin/python3
"""The programs that meson knows as tests: unit and conformance. Layers are a stage of their own."""
import json
import subprocess

from stage import Stage, program_tests, tool


def main():
    stage = Stage(__doc__)
    listed = subprocess.run([*tool("meson"), "introspect", "--tests", str(stage.build)], capture_output=True, text=True, check=True)
    names = [entry["name"] for entry in json.loads(listed.stdout) if entry["name"] != "layers"]
    program_tests(stage, stage.build, names)
    stage.finish()


if __name__ == "__main__":
    main()
