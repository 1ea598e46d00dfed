#!/usr/bin/env python3
"""Writes the SQL files given as arguments into one C file (sql/migrate.h says what it holds)."""
import os
import re
import sys


def literal(text):
    lines = text.replace("\\", "\\\\").replace('"', '\\"').split("\n")
    return "\n".join('\t"%s\\n"' % line.replace("\t", "\\t") for line in lines)


def main():
    out, roles, grants, *files = sys.argv[1:]
    names = [os.path.basename(f)[: -len(".sql")] for f in files]
    for place, name in enumerate(names, start=1):
        match = re.fullmatch(r"(\d{4})_[a-z0-9_]+", name)
        if not match or int(match.group(1)) != place:
            sys.exit(f"embed.py: migration {place} is named {name}.sql: numbers go 0001, 0002, ... without holes")
    with open(out, "w", encoding="utf-8") as c:
        c.write('/* Made by sql/embed.py. */\n#include "sql/migrate.h"\n\n')
        c.write("const struct migration migrations[] = {\n")
        for place, (name, file) in enumerate(zip(names, files), start=1):
            with open(file, encoding="utf-8") as sql:
                c.write('{ %d, "%s",\n%s },\n' % (place, name, literal(sql.read())))
        c.write("};\nconst unsigned n_migrations = sizeof migrations / sizeof migrations[0];\n")
        for symbol, file in (("migration_roles", roles), ("migration_grants", grants)):
            with open(file, encoding="utf-8") as sql:
                c.write("const char %s[] =\n%s;\n" % (symbol, literal(sql.read())))


main()
