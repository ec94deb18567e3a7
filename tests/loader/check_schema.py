#!/usr/bin/python3
"""Holds scenarios/schema.json to the loader and to every scenario of the tree.

    check_schema.py --schema SCHEMA.json --keys PRINT_KEYS [--readme FILE.md] FOLDER...

  keys        each object of the format has the same keys in the schema as in the loader, the same ones required, each described
  scenarios   each *.json below the folders is valid
  readme      so is each ```jsonc block of --readme, a whole scenario or some of its keys
  teeth       an unknown key anywhere in such a scenario, but where names are free, makes it invalid

The validator is of the standard library alone and knows just the words this schema uses; an unknown word is an error.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

WORDS = {
    "$schema", "$defs", "$ref", "title", "description", "default", "type", "const", "enum", "anyOf", "properties", "additionalProperties",
    "propertyNames", "required", "items", "minItems", "maxItems", "minLength", "minProperties", "pattern", "minimum", "maximum",
}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}
COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def parse(text):
    """A scenario: JSON with comments."""
    return json.loads(COMMENT.sub(lambda match: match[1] or " ", text))


def blocks(path):
    """(line, scenario) of each example; one of a few keys gets the head of a scenario."""
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(r"^```jsonc\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        example = match[1] if match[1].startswith("{") else '{ "irqlab": 1, "title": "t",' + match[1] + "}"
        yield text.count("\n", 0, match.start()) + 1, parse(example)


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def is_same(a, b):
    return a == b and isinstance(a, bool) == isinstance(b, bool)


class Validator:
    def __init__(self, schema):
        self.schema = schema

    def resolve(self, reference):
        node = self.schema
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        return node

    def faults(self, value, schema, path="$"):
        """What is wrong, as lines; none when the value is valid."""
        unknown = set(schema) - WORDS
        if unknown:
            raise SystemExit(f"the schema uses words this validator does not know: {', '.join(sorted(unknown))}")
        faults = []
        if "$ref" in schema:
            faults += self.faults(value, self.resolve(schema["$ref"]), path)
        if "type" in schema and not is_type(value, schema["type"]):
            return faults + [f"{path}: is no {schema['type']}"]
        if "const" in schema and not is_same(value, schema["const"]):
            faults.append(f"{path}: is not {schema['const']!r}")
        if "enum" in schema and not any(is_same(value, other) for other in schema["enum"]):
            faults.append(f"{path}: {value!r} is none of {schema['enum']}")
        if "anyOf" in schema:
            tries = [self.faults(value, other, path) for other in schema["anyOf"]]
            if all(tries):
                faults.append(f"{path}: fits none of {len(tries)} forms: " + "; ".join(fault for one in tries for fault in one))
        if isinstance(value, str):
            faults += self.string_faults(value, schema, path)
        elif isinstance(value, list):
            faults += self.list_faults(value, schema, path)
        elif isinstance(value, dict):
            faults += self.object_faults(value, schema, path)
        elif isinstance(value, int):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                faults.append(f"{path}: {value} is out of range")
        return faults

    def string_faults(self, value, schema, path):
        faults = []
        if len(value) < schema.get("minLength", 0):
            faults.append(f"{path}: is too short")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            faults.append(f"{path}: {value!r} does not match {schema['pattern']}")
        return faults

    def list_faults(self, value, schema, path):
        faults = []
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            faults.append(f"{path}: has {len(value)} items")
        for i, item in enumerate(value):
            faults += self.faults(item, schema.get("items", {}), f"{path}[{i}]")
        return faults

    def object_faults(self, value, schema, path):
        faults = [f"{path}: lacks {key!r}" for key in schema.get("required", []) if key not in value]
        if len(value) < schema.get("minProperties", 0):
            faults.append(f"{path}: is empty")
        for key, item in value.items():
            faults += self.faults(key, schema.get("propertyNames", {}), f"{path}, the key {key!r}")
            other = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            if other is False:
                faults.append(f"{path}: unknown key {key!r}")
            else:
                faults += self.faults(item, other, f"{path}.{key}")
        return faults


def key_faults(schema, program):
    """Differences between the loader's keys and the schema's."""
    faults = []
    for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
        name, _, rest = line.partition(": ")
        loader = rest.split(", ")
        keys, required = {key.rstrip("!") for key in loader}, {key[:-1] for key in loader if key.endswith("!")}
        definition = schema["$defs"].get(name)
        if definition is None:
            faults.append(f"$defs/{name} is missing")
            continue
        properties = definition.get("properties", {})
        for key in sorted(keys ^ set(properties)):
            faults.append(f"$defs/{name}: the key {key!r} is only in the {'loader' if key in keys else 'schema'}")
        for key in sorted(required ^ set(definition.get("required", []))):
            faults.append(f"$defs/{name}: the key {key!r} is required only by the {'loader' if key in required else 'schema'}")
        faults += [f"$defs/{name}: {key!r} has no description" for key, value in properties.items() if not value.get("description")]
        if definition.get("additionalProperties") is not False:
            faults.append(f"$defs/{name}: allows unknown keys")
    return faults


def spoiled(value):
    """Copies of the value with a key in one object that no name can be."""
    if isinstance(value, dict):
        yield {**value, "no such key": 0}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        for other in spoiled(item):
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[key] = other
            yield copy


def main():
    parser = argparse.ArgumentParser(description="Holds the schema to the loader and to every scenario.")
    parser.add_argument("--schema", required=True, type=pathlib.Path)
    parser.add_argument("--keys", required=True)
    parser.add_argument("--readme", type=pathlib.Path)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    schema = json.loads(arguments.schema.read_text(encoding="utf-8"))
    validator = Validator(schema)
    faults = key_faults(schema, arguments.keys)
    paths = sorted(path for folder in arguments.folders for path in folder.rglob("*.json") if path.resolve() != arguments.schema.resolve())
    for path in paths:
        scenario = parse(path.read_text(encoding="utf-8-sig"))
        faults += [f"{path}: {fault}" for fault in validator.faults(scenario, schema)]
        if path.parent.name == "good":
            faults += [f"{path}: an unknown key passes: {json.dumps(copy)[:2000]}" for copy in spoiled(scenario)
                       if not validator.faults(copy, schema)]
    for line, scenario in blocks(arguments.readme) if arguments.readme else ():
        faults += [f"{arguments.readme}:{line}: {fault}" for fault in validator.faults(scenario, schema)]
    print("\n".join(faults + [f"{len(paths)} scenarios, {len(faults)} faults"]))
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
