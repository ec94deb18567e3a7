"""Reference pages: what `irqlab explain FUNCTION` shows, as Markdown, one file a header, one section a function."""

SITE = "https://learn.microsoft.com/windows-hardware/drivers/ddi/"
DIRECTIONS = {"in": "in", "out": "out", "inout": "in and out", "opaque": "names an object", "callback": "callback"}


def readable(expression):
    """A condition as a person reads it."""
    return expression.replace("DDI_READ(", "(")


def extent_text(extent):
    if extent is None:
        return "value"
    text = DIRECTIONS[extent.direction] + (", may be NULL" if extent.optional else "")
    if extent.callback:
        text += f" {extent.callback}"
    if extent.string:
        text += f", {'wide ' if extent.string == 2 else ''}text up to its zero character"
    if extent.bytes:
        text += f", `{readable(extent.bytes)}` bytes"
    return text


def section(row):
    lines = [f"## {row.name}", "", "```c", f"{row.returns} {row.name}({row.declaration});", "```", ""]
    lines.append(f"- contract: {row.range.text}")
    lines += [f"- contract {c.text}: {c.range.text} (`{readable(c.when)}`)" for c in row.conditions]
    if row.returns_at:
        lines.append(f"- returns at: `{readable(row.returns_at)}`")
    if row.advice:
        lines.append(f"- mend: {row.advice}")
    if row.text:
        lines.append(f"- note: {row.text}")
    lines += [f"- `{p.name}` ({p.type}): {extent_text(p.extent)}" for p in row.parameters]
    for nested in row.nested:
        lines.append(f"- `{nested.at}`: {extent_text(nested.extent)}")
    if row.phases:
        lines.append(f"- others may run inside, at: {', '.join(row.phases)}")
    if row.failures:
        lines.append(f"- may fail, for reasons outside of the driver, with: {', '.join(row.failures)}")
    if not row.is_callback:
        lines.append(f"- cost: {row.cost} ns of virtual time")
    lines += [f"- page: {SITE}{row.page}", ""]
    return "\n".join(lines)


def pages(functions, callbacks):
    """Returns the text by file name."""
    headers = {}
    for row in functions + callbacks:
        headers.setdefault(row.header, []).append(row)
    result = {}
    for header, rows in sorted(headers.items()):
        rows.sort(key=lambda row: row.name)
        result[f"{header.removesuffix('.h')}.md"] = f"# {header}\n\n" + "\n".join(section(row) for row in rows)
    return result
