#!/usr/bin/env python3
"""The starred rules of CONVENTIONS.md as a failing check. Each finding names the replacement.

tools/tidy.py [FILE...]     (default: every file that git knows or would add)
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

TOP = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
README_LINES = range(10, 31)
STAGES = [
    "base",
    "source",
    "query",
    "engine",
    "view",
    "shape",
    "encode",
    "flow",
    "transport",
    "server",
    "abi",
]
CPP = {".cpp", ".hpp"}
WEB = {".ts", ".tsx", ".js", ".mjs", ".cjs", ".jsx", ".css"}
SOURCES = CPP | WEB | {".py", ".go", ".sh", ".cmake"}
BANNED_NAMES = {
    "util": "the thing that it holds",
    "utils": "the thing that it holds",
    "utility": "the thing that it holds",
    "utilities": "the thing that it holds",
    "helper": "what it helps with",
    "helpers": "what it helps with",
    "common": "what its parts have in common",
    "manager": "what it does: owner, queue, table, pool",
    "misc": "one file a thing",
}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Source:
    """One file: its path from the top, its text, and the same without comments and literals."""

    path: str
    text: str
    code: str

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    @staticmethod
    def make(path: str, text: str) -> Source:
        is_cpp = PurePosixPath(path).suffix in CPP
        return Source(path, text, blank_literals(text) if is_cpp else text)


CPP_LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|"""
    r""""(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL,
)


def blank_literals(text: str) -> str:
    """C++ text with comments, strings and characters as blanks; lines and columns stay."""

    def blank(match: re.Match[str]) -> str:
        line_start = text.rfind("\n", 0, match.start()) + 1
        if text[line_start : match.start()].lstrip().startswith("#include"):
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])

    return CPP_LITERAL.sub(blank, text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def find(source: Source, pattern: str, rule: str, message: str) -> Iterator[Finding]:
    for match in re.finditer(pattern, source.code, re.MULTILINE):
        yield Finding(source.path, line_of(source.code, match.start()), rule, message)


def check_file_length(source: Source) -> Iterator[Finding]:
    lines = source.text.count("\n")
    if source.suffix in SOURCES and lines >= FILE_LINES_MAX:
        message = f"{lines} lines, must be under {FILE_LINES_MAX}: one file a thing"
        yield Finding(source.path, lines, "file-length", message)


def check_file_name(source: Source) -> Iterator[Finding]:
    for part in PurePosixPath(source.path).parts:
        for word in re.split(r"[_.\-]|(?<=[a-z])(?=[A-Z])", part):
            if word.lower() in BANNED_NAMES:
                message = (
                    f'"{part}": say the thing instead of "{word}": {BANNED_NAMES[word.lower()]}'
                )
                yield Finding(source.path, 1, "file-name", message)


def check_unfinished(source: Source) -> Iterator[Finding]:
    if source.suffix not in SOURCES or source.path in ("tools/tidy.py", "tests/test_tidy.py"):
        return
    for match in re.finditer(r"\bFIXME\b|\bTODO\b(?!\([^)\s]+\))", source.text):
        line = line_of(source.text, match.start())
        message = f"{match[0]} does not land: fix it, or write TODO(issue) with the issue's number"
        yield Finding(source.path, line, "unfinished", message)


def check_merged(source: Source) -> Iterator[Finding]:
    for match in re.finditer(r"^(?:<{7}|>{7}) ", source.text, re.MULTILINE):
        line = line_of(source.text, match.start())
        yield Finding(source.path, line, "conflict", "two versions stand here: choose one")


def stage_of(path: str) -> str | None:
    parts = PurePosixPath(path).parts
    if parts[0] in ("server", "abi"):
        return parts[0]
    return parts[1] if parts[0] == "core" and len(parts) > 2 and parts[1] in STAGES else None


def check_include_order(source: Source) -> Iterator[Finding]:
    stage = stage_of(source.path)
    if source.suffix not in CPP or stage is None:
        return
    for match in re.finditer(r'^\s*#include "([^"]+)"', source.code, re.MULTILINE):
        included, separator, _ = match[1].partition("/")
        if not separator and stage in ("server", "abi"):
            continue  # their own files stand in one folder
        if included not in STAGES:
            message = f'"{match[1]}": name the file from its stage on, as in "base/error.hpp"'
        elif STAGES.index(included) > STAGES.index(stage):
            message = (
                f"{stage}/ includes {included}/, which comes after it: move what is shared to "
                f"{stage}/ or before ({' < '.join(STAGES)})"
            )
        else:
            continue
        yield Finding(source.path, line_of(source.code, match.start()), "include-order", message)


def check_own_header_first(source: Source) -> Iterator[Finding]:
    path = PurePosixPath(source.path)
    if path.suffix != ".cpp" or stage_of(source.path) is None:
        return
    if not (TOP / path.with_suffix(".hpp")).exists():
        return
    first = re.search(r'^\s*#include [<"]([^>"]+)[>"]', source.code, re.MULTILINE)
    if first and PurePosixPath(first[1]).name != path.with_suffix(".hpp").name:
        line = line_of(source.code, first.start())
        message = f'include "{path.with_suffix(".hpp").name}" first, so that it stands by itself'
        yield Finding(source.path, line, "own-header-first", message)


def check_pragma_once(source: Source) -> Iterator[Finding]:
    if source.suffix == ".hpp" and not re.match(r"\s*#pragma once\b", source.code):
        yield Finding(source.path, 1, "pragma-once", "begin the header with #pragma once")


def check_using_namespace(source: Source) -> Iterator[Finding]:
    if source.suffix in CPP:
        message = 'use one name: `using std::chrono_literals::operator""ms;`, or write it out'
        yield from find(source, r"\busing\s+namespace\b", "using-namespace", message)


CONSTANT = re.compile(
    r"^[ \t]*(?:(?:inline|static|thread_local)\s+)*constexpr\s+(?:(?:inline|static|const)\s+)*"
    r"(?!if\b|operator\b|explicit\b)[\w:]+(?:<[^;={}]*?>)?(?:\s*[&*]\s*|\s+)(?:const\s+)?"
    r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?:=|\{|;)",
    re.MULTILINE,
)


def foreign_names(text: str) -> set[int]:
    """Lines whose names another library asks for, as clang-tidy is told too."""
    lines: set[int] = set()
    is_inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"NOLINT(?:BEGIN|NEXTLINE)?\(readability-identifier-naming\)", line):
            lines.add(number + 1 if "NOLINTNEXTLINE" in line else number)
            is_inside = is_inside or "NOLINTBEGIN" in line
        is_inside = is_inside and "NOLINTEND" not in line
        if is_inside:
            lines.add(number)
    return lines


def check_constant_names(source: Source) -> Iterator[Finding]:
    if source.suffix not in CPP:
        return
    foreign = foreign_names(source.text)
    for match in CONSTANT.finditer(source.code):
        name = match[1]
        if line_of(source.code, match.start(1)) in foreign:
            continue
        if not re.fullmatch(r"k[A-Z0-9]\w*_?", name):
            pascal = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
            line = line_of(source.code, match.start(1))
            yield Finding(source.path, line, "constant-name", f"{name}: name it k{pascal}")


WAITS = {
    r"(?:\.|->)wait\s*\((?!\s*\))": "use wait_for or wait_until, with a stop token",
    r"(?:\.|->)wait\s*\(\s*\)": "use wait_for or wait_until, with a stop token",
    r"(?:\.|->)acquire\s*\(\s*\)": "use try_acquire_for or try_acquire_until",
    r"\bpoll\s*\([^;]*,\s*-1\s*\)": "give poll a time limit",
    r"\bepoll_wait\s*\([^;]*,\s*-1\s*\)": "give epoll_wait a time limit",
    r"\bsleep_(?:for|until)\s*\(": "wait for what is awaited: a condition with a deadline",
    r"\b(?:u|nano)?sleep\s*\(": "wait for what is awaited: a condition with a deadline",
}


def check_waits(source: Source) -> Iterator[Finding]:
    if source.suffix in CPP:
        for pattern, message in WAITS.items():
            yield from find(source, pattern, "wait-without-deadline", message)


def cpp_functions(code: str) -> Iterator[tuple[int, int]]:
    """First and last line of each function body at namespace or class scope."""
    scopes: list[tuple[str, int]] = []  # kind of each open brace, and where its head began
    head = 0
    for match in re.finditer(r"[{};]|^[ \t]*#(?:[^\n]|\\\n)*", code, re.MULTILINE):
        token = match[0]
        if token == "{":
            scopes.append((brace_kind(code[head : match.start()], scopes), head))
        elif token == "}" and scopes:
            kind, start = scopes.pop()
            if kind == "function":
                first = start + len(code[start:]) - len(code[start:].lstrip())
                yield line_of(code, first), line_of(code, match.start())
        head = match.end()


def brace_kind(head: str, scopes: list[tuple[str, int]]) -> str:
    if scopes and scopes[-1][0] != "scope":
        return "inner"
    head = head.strip()
    is_type = re.search(r"\b(?:namespace|class|struct|union|enum|extern)\b[^()]*$", head)
    if is_type or re.fullmatch(r"", head):
        return "scope"
    return "function" if ")" in head and not re.search(r"=\s*$", head) else "inner"


def python_functions(text: str) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.end_lineno or node.lineno


def check_function_length(source: Source) -> Iterator[Finding]:
    if source.suffix in CPP:
        functions = cpp_functions(source.code)
    elif source.suffix == ".py":
        functions = python_functions(source.text)
    else:
        return
    for first, last in functions:
        if last - first + 1 >= FUNCTION_LINES_MAX:
            message = (
                f"{last - first + 1} lines, must be under {FUNCTION_LINES_MAX}: name its steps"
            )
            yield Finding(source.path, first, "function-length", message)


def check_requirements(source: Source) -> Iterator[Finding]:
    if PurePosixPath(source.path).name == "requirements-test.txt":
        for number, line in enumerate(source.text.splitlines(), 1):
            if line.strip() and not re.match(r"#|[\w.\-]+==[\w.]+$", line):
                message = f'"{line}": pin the exact version, name==version'
                yield Finding(source.path, number, "pinned-version", message)
    if PurePosixPath(source.path).name == "package.json":
        pattern = r'"(?:prettier|eslint|typescript|vite|@eslint/js)":\s*"[\^~>*x]'
        for match in re.finditer(pattern, source.text):
            line = line_of(source.text, match.start())
            message = "pin the exact version, without ^ or ~"
            yield Finding(source.path, line, "pinned-version", message)


FILE_CHECKS: list[Callable[[Source], Iterable[Finding]]] = [
    check_file_length,
    check_file_name,
    check_unfinished,
    check_merged,
    check_include_order,
    check_own_header_first,
    check_pragma_once,
    check_using_namespace,
    check_constant_names,
    check_waits,
    check_function_length,
    check_requirements,
]


RESULT_CALL = r"(?<=[;{{}}])\s*((?:\w+(?:\(\))?(?:\.|->|::))*)({names})\([^;{{}}]*\);"
DECLARATION = re.compile(
    r"^\s*(?:\[\[nodiscard\]\]\s*)?((?:static |virtual |inline )*)([\w:<>,&* ]+?)[ &*](\w+)\(",
    re.MULTILINE,
)


def check_nodiscard(sources: list[Source]) -> Iterator[Finding]:
    """Errors are [[nodiscard]], and no statement drops a Result (libstdc++ 12 does not warn)."""
    kinds: dict[str, set[str]] = {}  # of every function that a header declares
    for source in sources:
        if source.suffix != ".hpp":
            continue
        for specifiers, type_name, name in DECLARATION.findall(source.code):
            is_result = re.match(r"(?:bowshot::)?Result<|std::expected<", type_name.strip())
            kind = "static result" if "static" in specifiers else "result"
            kinds.setdefault(name, set()).add(kind if is_result else "other")
        for match in re.finditer(r"\bstruct\s+(?!\[\[nodiscard\]\])(\w*Error)\s*\{", source.code):
            message = f"write `struct [[nodiscard]] {match[1]}`"
            yield Finding(source.path, line_of(source.code, match.start()), "nodiscard", message)
    names = [name for name, found in kinds.items() if "other" not in found]
    if not names:
        return
    dropped = re.compile(RESULT_CALL.format(names="|".join(map(re.escape, names))))
    for source in sources:
        for match in dropped.finditer(source.code) if source.suffix in CPP else ():
            if kinds[match[2]] == {"static result"} and not match[1].endswith("::"):
                continue  # another class's function of that name
            if not match[1] and re.search(rf"\b(?:auto|void)\s+{match[2]}\b", source.code):
                continue  # the file's own function of that name
            message = f"{match[2]}() returns a Result: use BOWSHOT_TRY, or handle the error"
            yield Finding(source.path, line_of(source.code, match.start(2)), "nodiscard", message)


def check_readmes(sources: list[Source]) -> Iterator[Finding]:
    """A README.md of 10-30 lines in each source folder; a parent's may tell of its subfolders."""
    texts = {source.path: source.text for source in sources}
    names = (".", "cmake", "core", "clients", "clients/web", "examples")
    outermost = {PurePosixPath(name) for name in names}
    folders = {PurePosixPath(s.path).parent for s in sources if s.suffix in SOURCES}
    for folder in sorted(folders - outermost):
        home = folder
        while str(home / "README.md") not in texts and home.parent not in outermost:
            home = home.parent
        path = str(home / "README.md")
        if path not in texts:
            message = (
                "write a README.md of 10-30 lines: purpose, one line a class, what it may not do"
            )
            yield Finding(path, 1, "readme", message)
        elif texts[path].count("\n") not in README_LINES:
            message = f"{texts[path].count(chr(10))} lines, must be 10-30"
            yield Finding(path, 1, "readme", message)


def check(sources: list[Source]) -> list[Finding]:
    found = {f for source in sources for rule in FILE_CHECKS for f in rule(source)}
    found.update(check_nodiscard(sources))
    found.update(check_readmes(sources))
    return sorted(found, key=lambda f: (f.path, f.line, f.rule))


def project_files() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout
    return [path for path in listed.splitlines() if (TOP / path).is_file()]


def read_sources(paths: Iterable[str]) -> list[Source]:
    sources = []
    for path in paths:
        try:
            sources.append(Source.make(path, (TOP / path).read_text()))
        except UnicodeDecodeError:
            continue  # a binary file
    return sources


def main() -> int:
    chosen = set(sys.argv[1:])
    findings = check(read_sources(project_files()))
    findings = [f for f in findings if not chosen or f.path in chosen]
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
