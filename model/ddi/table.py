"""The rows of table/*.toml: read, checked, and turned into what the emitters of generate.py print."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

LEVELS = {
    "PASSIVE_LEVEL": 0, "APC_LEVEL": 1, "DISPATCH_LEVEL": 2, "DIRQL": 12,
    "CLOCK_LEVEL": 13, "IPI_LEVEL": 14, "HIGH_LEVEL": 15,
}
DIRECTIONS = {"in": "DDI_IN", "out": "DDI_OUT", "inout": "DDI_IN | DDI_OUT", "opaque": "DDI_IN", "callback": "DDI_IN"}
DEVICE = (3, 12)  # the levels that DIRQL can be
POINTS = {"call": "SIM_POINT_CALL", "interlocked": "SIM_POINT_INTERLOCKED", "none": ""}
COST_NS = 100
# What a function answers that finds no memory.
MEMORY_FAILURES = ("NULL", "STATUS_INSUFFICIENT_RESOURCES", "STATUS_NO_MEMORY", "NDIS_STATUS_RESOURCES")
FUNCTION_KEYS = {
    "prototype", "irql", "conditions", "parameters", "nested", "object", "object_kind", "phases", "returns_at", "cost", "page",
    "header", "advice", "inline", "point", "body", "body_header", "failures", "failures_when", "failures_in_body",
}
CALLBACK_KEYS = {"prototype", "irql", "parameters", "header", "page", "text"}


class TableError(Exception):
    """A row that cannot be: FILE: NAME: what, and what was expected."""


@dataclass
class Range:
    lowest: int
    highest: int

    @property
    def text(self):
        """As a person writes it: "IRQL <= APC_LEVEL"."""
        names = {value: name for name, value in LEVELS.items()}
        if (self.lowest, self.highest) == (0, 15):
            return "any IRQL"
        if (self.lowest, self.highest) == DEVICE:
            return "IRQL = DIRQL"
        if self.lowest == self.highest:
            return f"IRQL = {names[self.lowest]}"
        if self.lowest == 0:
            return f"IRQL <= {names[self.highest]}"
        if self.highest == 15:
            return f"IRQL >= {names[self.lowest]}" if self.lowest in names else f"IRQL > {names[self.lowest - 1]}"
        return f"{names[self.lowest]} <= IRQL <= {names[self.highest]}"


@dataclass
class Condition:
    when: str
    range: Range
    text: str


@dataclass
class Extent:
    """What a pointer parameter, or a pointer reached through one, has to point to."""
    direction: str  # in, out, inout, opaque, callback
    optional: bool = False
    bytes: str = ""  # C expression; "" is sizeof(*pointer)
    string: int = 0  # bytes of a character when it ends at a NUL
    callback: str = ""  # type of callback


@dataclass
class Nested:
    of: str
    at: str
    extent: Extent


@dataclass
class Parameter:
    type: str
    name: str
    extent: Extent | None = None


@dataclass
class Row:
    name: str
    file: str
    header: str
    page: str
    returns: str
    parameters: list[Parameter]
    range: Range
    is_callback: bool = False
    is_variadic: bool = False
    is_inline: bool = False
    text: str = ""
    conditions: list[Condition] = field(default_factory=list)
    nested: list[Nested] = field(default_factory=list)
    object: str = ""
    object_kind: str = "NONE"
    phases: list[str] = field(default_factory=list)
    returns_at: str = ""
    cost: int = COST_NS
    advice: str = ""
    point: str = "call"
    body: str = ""
    body_header: str = ""
    failures: list[str] = field(default_factory=list)
    failures_when: str = ""
    failures_in_body: bool = False

    @property
    def id(self):
        return fnv1a(self.name)

    @property
    def widest(self):
        """The union of the ranges of all conditions."""
        ranges = [self.range] + [condition.range for condition in self.conditions]
        return Range(min(r.lowest for r in ranges), max(r.highest for r in ranges))

    @property
    def contract(self):
        parts = [self.range.text] + [f"{c.range.text} {c.text}" for c in self.conditions]
        return "; ".join(parts)

    @property
    def body_name(self):
        """The function that has to be defined somewhere in the model."""
        return self.body.split("(")[0] if self.body else self.name

    @property
    def fails_for_memory(self):
        return len(self.failures) == 1 and self.failures[0] in MEMORY_FAILURES

    @property
    def includes(self):
        return [self.header]

    @property
    def declaration(self):
        listed = ", ".join(declare(p.type, p.name) for p in self.parameters) or "VOID"
        return listed + (", ..." if self.is_variadic else "")

    @property
    def type(self):
        """Its C type, without a name."""
        listed = ", ".join(p.type for p in self.parameters) or "VOID"
        return f"{self.returns}({listed}{', ...' if self.is_variadic else ''})"


def fnv1a(name):
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def declare(type_text, name):
    return type_text + ("" if type_text.endswith("*") else " ") + name


def parse_range(text):
    """ "any", "PASSIVE_LEVEL", "<= APC_LEVEL", "< DISPATCH_LEVEL", "> DISPATCH_LEVEL", "APC_LEVEL..DISPATCH_LEVEL", "DIRQL" """
    if text == "any":
        return Range(0, 15)
    match = re.fullmatch(r"(<=|<|>=|>)? ?([A-Z_]+)|([A-Z_]+)\.\.([A-Z_]+)", text)
    if not match or not all(level in LEVELS for level in match.groups()[1:] if level):
        raise ValueError(f'irql "{text}" is none of: any, LEVEL, <= LEVEL, < LEVEL, > LEVEL, >= LEVEL, LEVEL..LEVEL')
    relation, level, low, high = match.groups()
    if low:
        return Range(LEVELS[low], LEVELS[high])
    value = LEVELS[level]
    if relation is None and level == "DIRQL":
        return Range(*DEVICE)
    lowest = {"<=": 0, "<": 0, ">": value + 1}.get(relation, value)
    highest = {">=": 15, ">": 15, "<": value - 1}.get(relation, value)
    return Range(lowest, highest)


def split_top(text, separator=","):
    """Splits where no bracket is open."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == separator and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return parts


def parse_prototype(text):
    """Returns (return type, name, parameters, is variadic)."""
    match = re.fullmatch(r"(.+?)\b(\w+)\s*\((.*)\)", " ".join(text.split()))
    if not match:
        raise ValueError(f'prototype "{text}" is not TYPE NAME(TYPE NAME, ...)')
    returns, name, listed = match.group(1).strip(), match.group(2), split_top(match.group(3))
    parameters, is_variadic = [], False
    for part in listed:
        if part == "...":
            is_variadic = True
        elif part not in ("VOID", "void", ""):
            one = re.fullmatch(r"(.+?)\b(\w+)\s*(\[\])?", part)
            if not one:
                raise ValueError(f'parameter "{part}" is not TYPE NAME')
            type_text = one.group(1).strip() + (" *" if one.group(3) else "")
            parameters.append(Parameter(re.sub(r"\s*\*", " *", type_text).replace("* *", "**"), one.group(2)))
    return returns, name, parameters, is_variadic


def parse_extent(text):
    """ "in", "out optional", "inout [Length]", "in string", "in wide string", "opaque", "callback KDEFERRED_ROUTINE" """
    match = re.fullmatch(r"(in|out|inout|opaque|callback)( optional)?(?: \[(.+)\]| (wide )?(string)| ([A-Z_0-9]+))?", text)
    if not match:
        raise ValueError(f'"{text}" is not DIRECTION [optional] [EXTENT]')
    direction, optional, extent, wide, string, callback = match.groups()
    if (callback is not None) != (direction == "callback"):
        raise ValueError(f'"{text}": a callback, and nothing else, names its type')
    return Extent(direction, bool(optional), extent or "", (2 if wide else 1) if string else 0, callback or "")


def check_expression(text):
    """Conditions are looked at before the pointers are: they read memory through DDI_READ only."""
    bare = text
    while (match := re.search(r"DDI_READ\(", bare)) is not None:
        end, depth = match.end(), 1
        while depth and end < len(bare):
            depth += (bare[end] == "(") - (bare[end] == ")")
            end += 1
        bare = bare[: match.start()] + "0" + bare[end:]
    if "->" in bare or "[" in bare or re.search(r"(^|[=(&|!<>,?:])\s*\*", bare):
        raise ValueError(f'"{text}" reads memory outside of DDI_READ()')
    return text


def known_keys(row, keys):
    unknown = sorted(set(row) - keys)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]}; known are {', '.join(sorted(keys))}")


def check_failures(row):
    if row.failures and (row.is_variadic or row.returns_at or row.returns in ("VOID", "void")):
        raise ValueError("failures: a function that returns nothing, or changes the IRQL, cannot fail")
    for name in row.failures:
        if (name == "NULL") != (row.returns not in ("NTSTATUS", "NDIS_STATUS")):
            raise ValueError(f"failures: {row.returns} cannot be {name}")
    if (row.failures_when or row.failures_in_body) and not row.failures:
        raise ValueError("failures are missing")


def make_row(name, row, file, header, is_callback):
    known_keys(row, CALLBACK_KEYS if is_callback else FUNCTION_KEYS)
    for key in ("prototype", "irql"):
        if key not in row:
            raise ValueError(f"{key} is missing")
    returns, called, parameters, is_variadic = parse_prototype(row["prototype"])
    if called != name:
        raise ValueError(f"the prototype names {called}")
    header = row.get("header", header)
    stem = header.removesuffix(".h")
    page = row.get("page", f"{stem}/{'nc' if is_callback else 'nf'}-{stem}-{name.lower()}")
    made = Row(name, file, header, page, returns, parameters, parse_range(row["irql"]), is_callback, is_variadic)
    by_name = {parameter.name: parameter for parameter in parameters}
    for key, text in row.get("parameters", {}).items():
        if key not in by_name:
            raise ValueError(f"parameters: there is no parameter {key}")
        by_name[key].extent = parse_extent(text)
    made.text = row.get("text", "")
    for item in row.get("conditions", []):
        known_keys(item, {"when", "irql", "text"})
        made.conditions.append(Condition(check_expression(item["when"]), parse_range(item["irql"]), item["text"]))
    for item in row.get("nested", []):
        known_keys(item, {"of", "at", "as"})
        if item["of"] not in by_name:
            raise ValueError(f"nested: there is no parameter {item['of']}")
        made.nested.append(Nested(item["of"], item["at"], parse_extent(item["as"])))
    for key in ("object", "object_kind", "phases", "cost", "advice", "point", "body", "body_header", "failures", "failures_in_body"):
        if key in row:
            setattr(made, key, row[key])
    check_expression(made.object)
    made.returns_at = check_expression(row.get("returns_at", ""))
    made.failures_when = check_expression(row.get("failures_when", ""))
    check_failures(made)
    made.is_inline = row.get("inline", False)
    if made.point not in POINTS:
        raise ValueError(f"point {made.point} is none of {', '.join(POINTS)}")
    if is_variadic and not made.body:
        raise ValueError("a variadic function names its body")
    return made


def load(paths):
    """Returns (functions, callbacks, includes by file stem), each sorted by name. Raises TableError."""
    functions, callbacks, includes, ids = {}, {}, {}, {}
    for path in sorted(Path(p) for p in paths):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise TableError(f"{path}: {error}") from error
        header = document.pop("header", "wdm.h")
        includes[path.stem] = document.pop("include", ["ntifs.h"])
        is_callback = document.pop("callbacks", False)
        for name, row in document.items():
            try:
                made = make_row(name, row, path.stem, header, is_callback)
                if made.id in ids:
                    raise ValueError(f"its id is that of {ids[made.id]}")
            except (ValueError, KeyError) as error:
                raise TableError(f"{path}: {name}: {error}") from error
            ids[made.id] = name
            (callbacks if is_callback else functions)[name] = made
    by_name = lambda rows: [rows[name] for name in sorted(rows)]
    return by_name(functions), by_name(callbacks), includes


def strip_comments(source):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", source, flags=re.S)


def bodies_in(paths):
    """Names of the functions that these C files define."""
    defined = set()
    for path in paths:
        text = strip_comments(Path(path).read_text(encoding="utf-8"))
        for match in re.finditer(r"^[A-Za-z_][\w \t*\n]*?\b(\w+)[ \t]*\(", text, flags=re.M):
            position, depth = match.end(), 1
            while depth and position < len(text):
                depth += (text[position] == "(") - (text[position] == ")")
                position += 1
            if text[position:].lstrip().startswith("{"):
                defined.add(match.group(1))
    return defined
