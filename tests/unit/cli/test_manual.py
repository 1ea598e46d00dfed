"""Manual pages and shell completion know every command and every option, no other, and are well formed. Arguments: vitrine, the daemons."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, DAEMONS = sys.argv[1], sys.argv[2:]
PACKAGING = Path(__file__).resolve().parents[3] / "packaging"
MANUAL = PACKAGING / "man"
# What every command has, and what the page says once for all that ask for a password.
COMMON = {"--help", "--config", "--password-fd"}


def help_of(*words: str) -> str:
    return subprocess.run([*words, "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True).stdout


def options_in(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z0-9-]*", text)) - {"--help"}


def plain(page: Path) -> str:
    """A page without roff's escapes: \\- is a dash, \\fB and the like change the font."""
    return re.sub(r"\\f[BIRP]", "", page.read_text().replace(r"\-", "-"))


def commands() -> list[str]:
    """All commands that the program lists, as "user add" or "verify"."""
    return [match[1] for match in re.finditer(r"(?m)^  ([a-z-]+(?: [a-z-]+)?)(?= [ A-Z\[])", help_of(PROGRAM))]


class Manual(unittest.TestCase):
    def test_vitrine(self):
        told = {}
        for line in re.findall(r"(?m)^\.B vitrine (.*)$", plain(MANUAL / "vitrine.1")):
            told[re.match(r"[a-z-]+(?: [a-z][a-z-]+\b)?", line)[0]] = options_in(line)
        listed = commands()
        self.assertGreater(len(listed), 45)
        self.assertEqual(sorted(told), sorted(listed))
        for command in listed:
            with self.subTest(command):
                has = options_in(help_of(PROGRAM, *command.split())) - COMMON
                short = {"--output"} if "--output" in has and "--output" not in told[command] else set()
                self.assertEqual(told[command], has - short)
        self.assertIn("-o FILE", plain(MANUAL / "vitrine.1"))

    def test_daemons(self):
        self.assertGreater(len(DAEMONS), 3)
        for daemon in DAEMONS:
            with self.subTest(daemon):
                page, = MANUAL.glob(f"{Path(daemon).name}.[18]")
                self.assertEqual(options_in(plain(page).partition("SEE ALSO")[0]) - {"--help"}, options_in(help_of(daemon)))

    def test_configuration(self):
        """The generated page names every key of the sample; that the sample names every key of the schema is for tests/lint/config_keys.py."""
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder, "vitrine.yaml.5")
            subprocess.run([MANUAL / "config_page", PACKAGING / "vitrine.yaml", page], check=True)
            text = plain(page)
            self.well_formed(page)
        for line in (PACKAGING / "vitrine.yaml").read_text().splitlines():
            key = re.match(r" *#?(\w+): (?!#)", line)
            if key:
                self.assertRegex(text, rf"(?m)^\.B \[?[a-z_.]*\b{key[1]}: ", line)
        self.assertIn(".B [gateway.max_sessions: 200]\nMore viewers than this are refused.\n", text)

    def well_formed(self, page: Path):
        done = subprocess.run(["mandoc", "-Tlint", page], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_well_formed(self):
        pages = sorted(MANUAL.glob("*.[158]"))
        self.assertGreater(len(pages), 5)
        for page in pages:
            with self.subTest(page.name):
                self.well_formed(page)


class Completion(unittest.TestCase):
    def complete(self, *words: str) -> list[str]:
        script = f"""source {PACKAGING}/vitrine.bash-completion
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vitrine "$1"; printf '%s\\n' "${{COMPREPLY[@]}}" """
        return subprocess.run(["bash", "-c", script, "bash", PROGRAM, *words], stdout=subprocess.PIPE, check=True, text=True).stdout.split()

    def test_words(self):
        listed = commands()
        self.assertEqual(self.complete(""), sorted({command.split()[0] for command in listed}))
        for group in {command.split()[0] for command in listed if " " in command}:
            with self.subTest(group):
                self.assertEqual(sorted(self.complete(group, "")), sorted(command.split()[1] for command in listed if command.startswith(group + " ")))

    def test_options(self):
        for command in commands():
            with self.subTest(command):
                self.assertEqual(set(self.complete(*command.split(), "--")), options_in(help_of(PROGRAM, *command.split())) | {"--help"})

    def test_values(self):
        """Options that take one of a few words offer these, those that take a file offer files."""
        self.assertEqual(self.complete("grant", "add", "a", "b", "c", "--keys", "s"), ["sealed"])
        self.assertEqual(self.complete("redact", "ID", "--quality", ""), ["evidence", "standard", "economy"])
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "one.pem").touch()
            for command in commands():
                for option in re.findall(r"(--[a-z-]+)=(?:FILE|DIR|PDF|VTT)\b", help_of(PROGRAM, *command.split())):
                    with self.subTest(f"{command} {option}"):
                        self.assertEqual(self.complete(*command.split(), option, f"{folder}/o"), [f"{folder}/one.pem"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
