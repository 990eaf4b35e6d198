"""Every workflow has its own test, beside those that go through the command line."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def test_every_workflow_has_a_test_of_its_own() -> None:
    """A module of `notemill.workflows` has a test file of its name that imports it."""
    source = ROOT / "src" / "notemill" / "workflows"
    lacking = []
    for module in sorted(source.rglob("*.py")):
        place = module.relative_to(source)
        if place.name == "__init__.py":
            continue
        test = HERE / place.with_name(f"test_{place.name}")
        name = ".".join(("notemill.workflows", *place.with_suffix("").parts))
        if not test.is_file() or f"from {name} import" not in test.read_text("utf-8"):
            lacking.append(place.as_posix())
    assert lacking == []
