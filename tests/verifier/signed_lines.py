"""`BASE64 SPACE JSON NEWLINE`: the form of the lines of `chain` and of `log/heads`, and JSON as the page allows it."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass

LINE_MAX_BYTES = 65536
NUMBER_MAX = 2**53 - 1
HEX = re.compile(r"[0-9a-f]{64}")
UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
FILE_NAME = re.compile(r"[a-z0-9-][a-z0-9.-]{0,30}")


LEVELS_MAX = 32
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
NO_LETTER = re.compile(r"[\0\ud800-\udfff]")


class Malformed(Exception):
    """Bytes that are not what the page says they are."""


@dataclass
class SignedLine:
    signature: bytes
    json_bytes: bytes
    value: dict

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.json_bytes).hexdigest()


def parse_json(data: bytes) -> dict:
    """One object: UTF-8, no key twice, whole numbers that every language can hold."""
    def unique(pairs: list) -> dict:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Malformed("a key stands twice")
        return found

    def number(text: str) -> int:
        value = int(text) if len(text) <= len(str(NUMBER_MAX)) else NUMBER_MAX + 1
        if text[0] == "-" or value > NUMBER_MAX:
            raise Malformed(f"the number {text} is out of range")
        return value

    def refuse(text: str):
        raise Malformed(f"{text} is not a whole number")

    try:
        text = data.decode("utf-8")
        if levels_of(text) > LEVELS_MAX:
            raise Malformed("it is too deep")
        value = json.loads(text, object_pairs_hook=unique, parse_int=number, parse_float=refuse, parse_constant=refuse)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise Malformed("no JSON object")
    if not all_letters(value):
        raise Malformed("a text holds what is no letter")
    return value


def levels_of(text: str) -> int:
    """How deep lists and objects lie in each other."""
    levels = deepest = 0
    for sign in TEXT.sub("", text):
        levels += (sign in "{[") - (sign in "}]")
        deepest = max(deepest, levels)
    return deepest


def all_letters(value) -> bool:
    """No U+0000, no half of a surrogate pair: not every language could hold them."""
    if isinstance(value, str):
        return NO_LETTER.search(value) is None
    if isinstance(value, dict):
        return all(all_letters(item) for pair in value.items() for item in pair)
    return not isinstance(value, list) or all(all_letters(item) for item in value)


def parse_line(line: bytes) -> SignedLine:
    """A line without its newline."""
    if len(line) >= LINE_MAX_BYTES:
        raise Malformed("the line is too long")
    text, space, json_bytes = line.partition(b" ")
    if not space:
        raise Malformed("no space between signature and entry")
    try:
        signature = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Malformed(f"the signature is no Base64: {error}") from None
    if base64.b64encode(signature) != text:
        raise Malformed("the signature is not canonical Base64")
    if json_bytes[:1] != b"{" or json_bytes[-1:] != b"}":
        raise Malformed("the entry is not one JSON object")
    return SignedLine(signature, json_bytes, parse_json(json_bytes))


def is_number(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def need(value: dict, **types) -> None:
    """That each key is there and is what it should be: "number", "text", "hex", "utc", "files", "flag"."""
    tests = {
        "number": is_number,
        "text": lambda v: isinstance(v, str),
        "hex": lambda v: isinstance(v, str) and HEX.fullmatch(v) is not None,
        "utc": lambda v: isinstance(v, str) and UTC.fullmatch(v) is not None,
        "flag": lambda v: isinstance(v, bool),
        "files": is_short_file_list,
        "parts": is_file_list,
        "span": lambda v: isinstance(v, dict) and is_number(v.get("start_us")) and is_number(v.get("end_us")),
        "list": lambda v: isinstance(v, list),
    }
    for key, kind in types.items():
        if key not in value:
            raise Malformed(f"\"{key}\" is missing")
        if not tests[kind](value[key]):
            raise Malformed(f"\"{key}\" is not what it should be")


def is_file(value) -> bool:
    return (isinstance(value, dict) and is_number(value.get("bytes")) and isinstance(value.get("name"), str) and FILE_NAME.fullmatch(value["name"]) is not None
            and isinstance(value.get("sha256"), str) and HEX.fullmatch(value["sha256"]) is not None and is_number(value.get("tail_bytes", 0)))


def is_file_list(value) -> bool:
    return isinstance(value, list) and all(is_file(item) for item in value)


def is_short_file_list(value) -> bool:
    return is_file_list(value) and len(value) <= 6
