"""Links find their notes as in Obsidian, and what is written finds its way back."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.markup.reading import Reading
from notemill.vault.related import Form, LinkStyle, link_text
from notemill.vault.resolve import Names, PathFormat

VAULT = Names(
    [
        "Index.md",
        "Work/Index.md",
        "Work/Plan.md",
        "Work/Deep/Plan.md",
        "Home/Garden/Plan.md",
        "Home/Äpfel.md",
        "guides___setup.md",
        "dev.tasks.weekly.md",
        "Solo.md",
    ]
)


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("Solo", "Index.md", "Solo.md"),
        ("solo", "Work/Plan.md", "Solo.md"),
        ("", "Work/Plan.md", "Work/Plan.md"),
        ("Index", "Work/Plan.md", "Index.md"),
        ("Work/Index", "Solo.md", "Work/Index.md"),
        ("Plan", "Work/Deep/Other.md", "Work/Deep/Plan.md"),
        ("Plan", "Home/x.md", "Home/Garden/Plan.md"),
        ("Plan", "Solo.md", "Work/Plan.md"),
        ("Garden/Plan", "Solo.md", "Home/Garden/Plan.md"),
        ("arden/Plan", "Solo.md", None),
        ("./Plan", "Work/Deep/Other.md", "Work/Deep/Plan.md"),
        ("../Plan", "Work/Deep/Other.md", "Work/Plan.md"),
        ("../../Plan", "Work/Deep/Other.md", None),
        ("/Work/Plan", "Home/x.md", "Work/Plan.md"),
        ("/Plan", "Work/x.md", None),
        ("A\u0308pfel", "Solo.md", "Home/Äpfel.md"),
        ("Missing", "Solo.md", None),
        ("Plan.png", "Solo.md", None),
    ],
)
def test_a_path_means_the_note_that_obsidian_opens(
    path: str, source: str, found: str | None
) -> None:
    """From the root first, then by its ending, the linking note's own folder before others."""
    assert VAULT.resolve(path, source=source) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[[guides/setup]]", "guides___setup.md"),
        ("[[Our weeks|dev.tasks.weekly]]", "dev.tasks.weekly.md"),
        ("[[Our weeks|dev.tasks.weekly#monday]]", "dev.tasks.weekly.md"),
        ("[[dendron://other/dev.tasks.weekly]]", "dev.tasks.weekly.md"),
        ("[[Our weeks|dendron://other/dev.tasks.weekly#monday]]", "dev.tasks.weekly.md"),
        ("[[Solo|dev.tasks.weekly]]", "Solo.md"),
        ("[the plan](Work/Plan.md)", "Work/Plan.md"),
        ("[[Nothing|of the kind]]", None),
    ],
)
def test_links_as_other_tools_write_them_are_understood_where_obsidian_finds_nothing(
    text: str, found: str | None
) -> None:
    """Logseq's names with `___` and Dendron's labels in front lead to their notes."""
    (link,) = Reading(text).links
    assert VAULT.meant(link.path, link.label, source="Home/x.md") == found


@given(
    st.sets(
        st.lists(st.sampled_from(["a", "A", "b", "ä", "x y"]), min_size=1, max_size=3).map(
            lambda parts: "/".join(parts) + ".md"
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_written_link_leads_to_its_note_from_everywhere(keys: set[str]) -> None:
    """The shortest way of writing a link is never so short that it means another note."""
    # Names that differ in case alone cannot be told apart by any link.
    keys = {min(one for one in keys if one.lower() == key.lower()) for key in keys}
    names = Names(keys)
    for key in keys:
        for source, paths, form in itertools.product(keys, PathFormat, Form):
            style = LinkStyle(paths=paths)
            text = link_text(names, key, source=source, form=form, style=style)
            assert text is not None
            (link,) = Reading(text).links
            assert names.resolve(link.path, source=source) == key


@pytest.mark.parametrize(
    ("key", "source", "shortest", "relative", "absolute"),
    [
        ("Solo.md", "Work/x.md", "[[Solo]]", "[[../Solo|Solo]]", "[[Solo]]"),
        ("Work/Plan.md", "Solo.md", "[[Work/Plan|Plan]]", "[[Work/Plan|Plan]]", "[[Work/Plan|Plan]]"),
        ("Work/Plan.md", "Work/x.md", "[[Work/Plan|Plan]]", "[[Plan]]", "[[Work/Plan|Plan]]"),
        ("Index.md", "Solo.md", "[[Index]]", "[[Index]]", "[[Index]]"),
        ("Work/Index.md", "Work/x.md", "[[Work/Index|Index]]", "[[./Index|Index]]",
         "[[Work/Index|Index]]"),
        ("Home/Äpfel.md", "Work/Deep/x.md", "[[Äpfel]]", "[[../../Home/Äpfel|Äpfel]]",
         "[[Home/Äpfel|Äpfel]]"),
    ],
)  # fmt: skip
def test_a_link_names_its_note_as_the_vault_is_set(
    key: str, source: str, shortest: str, relative: str, absolute: str
) -> None:
    """The name where it is the only one, the path from the note or from the root; a path has a label."""
    texts = [
        link_text(VAULT, key, source=source, form=Form.PROPERTY, style=LinkStyle(paths=paths))
        for paths in (PathFormat.SHORTEST, PathFormat.RELATIVE, PathFormat.ABSOLUTE)
    ]
    assert texts == [shortest, relative, absolute]


def test_a_markdown_link_names_its_note_as_the_vault_is_set() -> None:
    """It has the note's ending, and what a link cannot hold is encoded."""
    texts = [
        link_text(
            VAULT,
            "Home/Äpfel.md",
            source="Work/Plan.md",
            form=Form.SECTION,
            style=LinkStyle(markdown=True, paths=paths),
        )
        for paths in (PathFormat.SHORTEST, PathFormat.RELATIVE, PathFormat.ABSOLUTE)
    ]
    assert texts == [
        "[Äpfel](%C3%84pfel.md)",
        "[Äpfel](../Home/%C3%84pfel.md)",
        "[Äpfel](Home/%C3%84pfel.md)",
    ]


def test_an_ending_in_capitals_is_an_ending() -> None:
    """`Plan.MD` is found, told apart and linked to like any other note."""
    names = Names(["Plan.MD", "Work/Plan.md", "Other.Md"])
    assert names.resolve("plan", source="Other.Md") == "Plan.MD"
    assert names.resolve("Other", source="Plan.MD") == "Other.Md"
    for markdown in (False, True):
        style = LinkStyle(markdown=markdown)
        texts = [
            link_text(names, key, source="x.md", form=Form.SECTION, style=style)
            for key in ("Plan.MD", "Other.Md")
        ]
        assert texts == (
            ["[Plan](Plan.MD)", "[Other](Other.Md)"] if markdown else ["[[Plan]]", "[[Other]]"]
        )
