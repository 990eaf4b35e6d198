"""Notes as people write them, for properties: frontmatter in many styles, and edits of it."""

from __future__ import annotations

from hypothesis import strategies as st

BOM = b"\xef\xbb\xbf"
OWNED_KEYS = ("tags", "description", "topics", "related", "notemill", "Tags", "Related", '"topics"')
_WORDS = ("alpha", "b/c", "über", "日本", "x-1", "007", "yes", "10:30", "two words", "🦊 den")

words = st.sampled_from(_WORDS)
comments = st.sampled_from(["", "", "", " # mine", "   # two  words"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["a: b", "# x", "[[n]]", "yes", "- a", "1.5", "x\ny", "'q'", '"q"', "\\", "~"]
)


@st.composite
def entries(draw: st.DrawFn, key: str) -> str:
    """Return the lines of one property in one of the styles people use."""
    values = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    quoted = [draw(st.sampled_from([v, f'"{v}"', f"'{v}'"])) for v in values]
    note = draw(comments)
    indent = draw(st.sampled_from(["", "  ", "    "]))
    between = draw(st.sampled_from(["", "", f"{indent}# between\n", "\n"]))
    style = draw(
        st.sampled_from(["text", "null", "block", "flow", "flow lines", "literal", "folded"])
    )
    if style == "text":
        return f"{key}: {quoted[0]}{note}\n"
    if style == "null":
        return f"{key}:{draw(st.sampled_from(['', ' ~', ' null']))}{note}\n"
    if style == "block":
        items = [f"{indent}- {one}{draw(comments)}\n" for one in quoted]
        return f"{key}:{note}\n" + between.join(items)
    if style == "flow":
        gap = draw(st.sampled_from([", ", ",", " , "]))
        return f"{key}: [{gap.join(quoted)}]{note}\n"
    if style == "flow lines":
        return f"{key}: [\n  " + ",\n  ".join(quoted) + f"\n  ]{note}\n"
    mark = "|" if style == "literal" else draw(st.sampled_from([">", ">-"]))
    return f"{key}: {mark}\n" + "".join(f"  {one}\n" for one in values)


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """Return the lines between the fences: properties of both kinds, comments, blanks."""
    keys = draw(
        st.lists(
            st.sampled_from((*OWNED_KEYS, "title", "date", "count", "übung", "🦊")),
            max_size=6,
            unique_by=lambda key: key.strip('"').casefold(),
        )
    )
    gaps = st.sampled_from(["", "", "", "# a comment\n", "\n", "  # indented\n"])
    return "".join(draw(gaps) + draw(entries(key)) for key in keys) + draw(gaps)


@st.composite
def notes(draw: st.DrawFn) -> bytes:
    """Return a whole note: with or without frontmatter, BOM, CRLF, a last newline."""
    body = draw(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60)
    )
    body += draw(st.sampled_from(["", "\n", "\n---\n", "\n- [ ] x\n---\ny"]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    bom = draw(st.sampled_from([b"", BOM]))
    fenced = draw(st.booleans())
    text = f"---\n{draw(blocks())}---\n{body}" if fenced else "." + body
    return bom + text.replace("\n", newline).encode()


def is_bare(text: str) -> bool:
    """Say whether a text could be a tag: it is not empty and has no `#` or space around it."""
    return text != "" and text.strip().lstrip("#").strip() == text


changes = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.none() | st.lists(words | texts.filter(is_bare), max_size=4),
        "description": st.none() | texts,
        "topics": st.none() | st.lists(texts, max_size=3),
        "related": st.none() | st.lists(texts | words.map(lambda w: f"[[{w}]]"), max_size=3),
        "notemill": st.none() | words,
    },
)
