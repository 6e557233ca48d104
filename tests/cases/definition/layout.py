"""The text of a case file: one feature or row a line, expected values filled into lines."""
import json

LINE_COLUMNS_MAX = 110


def text(node):
    return json.dumps(node, ensure_ascii=False)


def block(name, items):
    """A member of the file that is a list with one item a line."""
    return f'"{name}": [\n    ' + ",\n    ".join(items) + "\n  ]"


def query_text(query):
    """A query in one line, or its expected values in lines of their own."""
    expect = query["expect"]
    start = ", ".join(f"{text(name)}: {text(query[name])}" for name in query if name != "expect")
    whole = f"{{{start}, \"expect\": {text(expect)}}}"
    if len(whole) + 6 <= LINE_COLUMNS_MAX:
        return whole
    lines = [""]
    for at, (name, value) in enumerate(expect.items()):
        member = f"{text(name)}: {text(value)}" + "," * (at + 1 < len(expect))
        if lines[-1] and len(lines[-1]) + len(member) + 7 > LINE_COLUMNS_MAX:
            lines.append("")
        lines[-1] += " " * bool(lines[-1]) + member
    return f"{{{start}, \"expect\": {{\n      " + "\n      ".join(lines) + "\n    }}"


def file_text(case):
    """The whole file of a case that is given as Python objects."""
    view = [f'"{name}": {text(value)}' for name, value in case["view"].items() if name != "features"]
    features = ",\n      ".join(map(text, case["view"]["features"]))
    view.append(f'"features": [\n      {features}\n    ]')
    plain = [name for name in ("about", "rules", "order_matters") if name in case]
    members = [f'"{name}": {text(case[name])}' for name in plain]
    members.append('"view": {\n    ' + ",\n    ".join(view) + "\n  }")
    for name in ("rows", "refused", "accepted"):
        if name in case:
            members.append(block(name, map(text, case[name])))
    if "queries" in case:
        members.append(block("queries", map(query_text, case["queries"])))
    return "{\n  " + ",\n  ".join(members) + "\n}\n"
