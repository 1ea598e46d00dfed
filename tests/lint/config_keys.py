"""Every key of the configuration's schema is explained in the sample configuration, and nothing else is."""

import re
import sys
from pathlib import Path

SCHEMA, SAMPLE = Path("base/config_schema.c"), Path("packaging/vitrine.yaml")


def schema_keys() -> set[str]:
    """"section.key" from the tables: a SECTION row in one table names the table that holds its keys."""
    tables = dict(re.findall(r"cyaml_schema_field_t (\w+)\[\] = \{(.*?)\n\};", SCHEMA.read_text(), re.DOTALL))

    def walk(table: str, prefix: str):
        yield from (prefix + key for key in re.findall(r'CYAML_FIELD_\w+\("(\w+)"', tables[table]))
        for kind, key, fields in re.findall(r"\b(TEXT|NUMBER|SWITCH|SECTION)\(\w+,\s*(\w+)(?:,\s*(\w+))?\)", tables[table]):
            if kind == "SECTION":
                yield from walk(fields, f"{prefix}{key}.")
            else:
                yield prefix + key

    return set(walk("top_fields", ""))


def sample_keys() -> set[str]:
    keys, section = set(), []
    for line in SAMPLE.read_text().splitlines():
        row = re.match(r"( *)#?(\w+):(?: (.*))?$", line)
        if row is None:
            continue
        depth = len(row[1]) // 2
        section[depth:] = [row[2]]
        inner = re.findall(r"(\w+):", row[3][1:]) if (row[3] or "").startswith("{") else []
        if inner:
            keys |= {".".join([*section, key]) for key in inner}
        elif row[3]:
            keys.add(".".join(section))
    return keys


def main() -> int:
    schema, sample = schema_keys(), sample_keys()
    trouble = [f"{SAMPLE}: {key} is missing" for key in sorted(schema - sample)]
    trouble += [f"{SAMPLE}: {key} is no key of {SCHEMA}" for key in sorted(sample - schema)]
    print("\n".join(trouble or [f"{len(schema)} keys, each explained in {SAMPLE}"]))
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
