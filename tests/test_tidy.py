"""The conventions' check finds what it must find, and nothing in code that follows them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_tidy() -> ModuleType:
    path = Path(__file__).resolve().parent.parent / "tools" / "tidy.py"
    spec = importlib.util.spec_from_file_location("tidy", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["tidy"] = module
    spec.loader.exec_module(module)
    return module


tidy = load_tidy()


def rules(*files: tuple[str, str]) -> list[str]:
    found = tidy.check([tidy.Source.make(path, text) for path, text in files])
    return [f.rule for f in found if f.rule != "readme"]


GOOD_HEADER = '#pragma once\n\n#include "base/error.hpp"\n\nnamespace bowshot {\nstruct X {};\n}\n'

BROKEN = {
    "file-length": ("core/base/long.cpp", "int x;\n" * 600),
    "file-name": ("core/base/string_utils.cpp", ""),
    "conflict": ("core/base/x.cpp", "<" * 7 + " HEAD\n"),
    "unfinished": ("core/base/x.cpp", "// TO" + "DO: later\n"),
    "include-order": ("core/source/x.cpp", '#include "engine/engine.hpp"\n'),
    "pragma-once": ("core/base/x.hpp", '#include "base/error.hpp"\n'),
    "using-namespace": ("core/base/x.cpp", "using namespace std;\n"),
    "constant-name": ("core/base/x.cpp", "static constexpr std::size_t rows_max = 4;\n"),
    "wait-without-deadline": ("core/flow/x.cpp", "void f() { changed_.wait(lock); }\n"),
    "function-length": ("core/base/x.cpp", "void f() {\n" + "  g();\n" * 70 + "}\n"),
    "nodiscard": ("core/base/x.hpp", "#pragma once\nstruct ParseError {\n};\n"),
    "pinned-version": ("tools/requirements-test.txt", "ruff>=0.1\n"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_finds(rule: str) -> None:
    assert rules(BROKEN[rule]) == [rule]


OTHERS_BROKEN = {
    "fixme": ("unfinished", "clients/web/x.ts", "// FIX" + "ME\n"),
    "server is last": ("include-order", "core/encode/x.cpp", '#include "flow/admission.hpp"\n'),
    "bare include": ("include-order", "core/base/x.cpp", '#include "error.hpp"\n'),
    "poll": ("wait-without-deadline", "server/x.cpp", "void f() { poll(fds, 1, -1); }\n"),
    "latch": ("wait-without-deadline", "core/flow/x_test.cpp", "void f() { done.wait(); }\n"),
    "sleep": (
        "wait-without-deadline",
        "core/flow/x.cpp",
        "void f() { std::this_thread::sleep_for(x); }\n",
    ),
    "python length": ("function-length", "tools/x.py", "def f():\n" + "    g()\n" * 70),
    "method": (
        "function-length",
        "core/base/x.hpp",
        "#pragma once\nclass A {\n  int f() const {\n" + "    g();\n" * 70 + "  }\n};\n",
    ),
    "web pin": ("pinned-version", "clients/web/package.json", '{"prettier": "^3.0.0"}\n'),
}


@pytest.mark.parametrize("name", OTHERS_BROKEN)
def test_finds_also(name: str) -> None:
    rule, path, text = OTHERS_BROKEN[name]
    assert rules((path, text)) == [rule]


def test_dropped_result() -> None:
    header = "#pragma once\nclass File {\n  Result<void> flush();\n};\n"
    dropped = "void f(File& file) {\n  file.flush();\n}\n"
    used = "void f(File& file) {\n  BOWSHOT_TRY(file.flush());\n  auto r = file.flush();\n}\n"
    assert rules(("core/base/file.hpp", header), ("core/base/a.cpp", dropped)) == ["nodiscard"]
    assert rules(("core/base/file.hpp", header), ("core/base/a.cpp", used)) == []


CLEAN = {
    "header": ("core/base/x.hpp", GOOD_HEADER),
    "comment": ("core/base/x.cpp", "// using namespace std; changed.wait(lock)\n"),
    "string": ("core/base/x.cpp", 'constexpr char kText[] = "using namespace x; {";\n'),
    "todo with issue": ("core/base/x.cpp", "// TO" + "DO(12): more\n"),
    "constexpr function": (
        "core/base/x.cpp",
        "constexpr int twice(int x) {\n  return 2 * x;\n}\n",
    ),
    "constant": ("core/base/x.cpp", "inline constexpr std::array<int, 2> kPair = {1, 2};\n"),
    "wait with deadline": ("core/flow/x.cpp", "void f() { changed_.wait_until(lock, t, p); }\n"),
    "backward include": ("core/encode/x.cpp", '#include "base/error.hpp"\n'),
    "server include": ("server/x.cpp", '#include "routes.hpp"\n'),
    "long namespace": ("core/base/x.cpp", "namespace a {\n" + "int f();\n" * 90 + "}\n"),
    "digit separators": ("core/base/x.cpp", "int64_t rows = 1'000'000;\nint f() { return 1; }\n"),
    "foreign constant": (
        "core/base/x.cpp",
        "constexpr int size = 1;  // NOLINT(readability-identifier-naming)\n",
    ),
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean(name: str) -> None:
    assert rules(CLEAN[name]) == []


def test_readme_of_each_source_folder() -> None:
    code = tidy.Source.make("core/base/x.cpp", "int x;\n")
    short = tidy.Source.make("core/base/README.md", "# base\n")
    good = tidy.Source.make("core/base/README.md", "line\n" * 12)
    nested = tidy.Source.make("core/engine/duckdb/x.cpp", "int x;\n")
    parent = tidy.Source.make("core/engine/README.md", "line\n" * 12)
    assert [f.rule for f in tidy.check([code])] == ["readme"]
    assert [f.rule for f in tidy.check([code, short])] == ["readme"]
    assert tidy.check([code, good]) == []
    assert tidy.check([nested, parent]) == []
    assert [f.path for f in tidy.check([nested])] == ["core/engine/README.md"]
