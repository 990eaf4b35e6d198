"""The offline extract: what a note's own words give."""

# ruff: noqa: RUF001 - the texts are of many scripts

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.offline import Extract, extract
from notemill.offline.commonplace import commonplace
from notemill.offline.pieces import parse

MARKUP = st.text(
    alphabet=st.sampled_from(
        list("ab A1.,:;!?#*_-[](){}<>|`~=%$^&\\/\n\t\"'>é中文。は가ا‌ก\ud800\x00")
    ),
    max_size=400,
)


def run(text: str, title: str = "Note", folder: str = "", **more: list[str]) -> Extract:
    """Extract with an empty vocabulary unless one is given."""
    return extract(
        title=title,
        folder=folder,
        text=text,
        vocabulary=more.get("vocabulary", []),
        existing_tags=more.get("existing_tags", []),
    )


def is_obsidian_tag(tag: str) -> bool:
    """Say whether Obsidian accepts the tag, by its documented rules."""
    legal = all(c in "_-/" or c.isalnum() or not c.isascii() for c in tag)
    return legal and not tag.replace("/", "").isdigit() and tag.count("/") < 3 and " " not in tag


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=400), MARKUP), title=st.text(max_size=40))
def test_any_text_gives_bounded_legal_output(text: str, title: str) -> None:
    """No text raises, and the description, tags and topics keep their bounds."""
    found = extract(title=title, folder=title, text=text, vocabulary=["a/b", title])
    assert len(found.description) <= 300
    assert "\n" not in found.description
    assert len(found.tags) <= 5
    assert len(found.topics) <= 5
    assert all(map(is_obsidian_tag, found.tags))
    found.description.encode()


@settings(max_examples=100, deadline=None)
@given(text=MARKUP)
def test_a_titled_note_is_never_without_description(text: str) -> None:
    """Whatever the body holds, a note with a title gets a description."""
    assert run(text, title="Seed saving").description


@settings(max_examples=50, deadline=None)
@given(text=MARKUP)
def test_the_same_note_gives_the_same_extract(text: str) -> None:
    """The extract depends on its arguments alone."""
    assert run(text) == run(text)


def test_the_definition_is_preferred_to_what_surrounds_it() -> None:
    """The sentence that says what the title is becomes the description."""
    text = (
        "Welcome to my page!\n\nSpaced repetition is a learning technique in which cards are "
        "reviewed at growing intervals.\n\nClick here to subscribe to the newsletter.\n"
    )
    found = run(text, title="Spaced repetition")
    assert found.description.startswith("Spaced repetition is a learning technique")
    assert "subscribe" not in found.description


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Photosynthese",
            "Die Photosynthese ist ein Vorgang, bei dem z. B. Algen Licht umwandeln. Mehr dazu.",
            "Die Photosynthese ist ein Vorgang, bei dem z. B. Algen Licht umwandeln.",
        ),
        (
            "Цеттелькастен",
            "Цеттелькастен — это метод ведения заметок, т.е. картотека мыслей.",
            "Цеттелькастен — это метод ведения заметок, т.е. картотека мыслей.",
        ),
        (
            "祛魅",
            "祛魅是汉语词语，指对神秘性的消解。",
            "祛魅是汉语词语，指对神秘性的消解。",
        ),
        (
            "茶道",
            "茶道とは、湯を沸かし、茶を点てる行為である。",
            "茶道とは、湯を沸かし、茶を点てる行為である。",
        ),
        (
            "الزراعة المائية",
            "الزراعة المائية هي طريقة لزراعة النباتات بدون تربة.",
            "الزراعة المائية هي طريقة لزراعة النباتات بدون تربة.",
        ),
        (
            "योग",
            "योग एक प्राचीन भारतीय अभ्यास है जो शरीर और मन को जोड़ता है।",
            "योग एक प्राचीन भारतीय अभ्यास है जो शरीर और मन को जोड़ता है।",
        ),
    ],
)
def test_descriptions_are_the_notes_own_sentences(title: str, text: str, expected: str) -> None:
    """In any script the description begins with a whole sentence of the note."""
    assert run(text, title=title).description.startswith(expected)


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "No Free Lunch",
            (
                "Suppose we have two learners. Averaged over all problems no learner is better "
                "than any other."
            ),
            "Averaged over all problems no learner is better than any other.",
        ),
        ("Rain", "However, it rained all day in Bergen.", "It rained all day in Bergen."),
        (
            "Ética",
            "Supongamos que alguien miente. La virtud es un término medio entre dos extremos.",
            "La virtud es un término medio entre dos extremos.",
        ),
        (
            "Opa",
            (
                "Ich: Wann kamt ihr an?\nOpa: Das war im Winter.\nIch: Und dann?\n\n"
                "Der Großvater erzählt von den ersten Jahren in Hamburg."
            ),
            "Der Großvater erzählt von den ersten Jahren in Hamburg.",
        ),
        (
            "Grace Hopper",
            "Contact: none\n\nShe was a rear admiral and wrote the first compiler.",
            "Grace Hopper: She was a rear admiral and wrote the first compiler.",
        ),
        (
            "拖延",
            "但是，拖延并不是懒，很多时候是因为害怕失败。",
            "拖延并不是懒，很多时候是因为害怕失败。",
        ),
        (
            "職人",
            (
                "職人：十五のときからです。\n\n聞き手：大変でしたか。\n\n職人：掃除ばかりでした。\n\n"
                "輪島塗の職人に工房の再建について聞いた。"
            ),
            "輪島塗の職人に工房の再建について聞いた。",
        ),
    ],
)
def test_a_description_does_not_begin_in_mid_argument(title: str, text: str, expected: str) -> None:
    """No supposition, connective or line of dialogue comes first, no pronoun without its noun."""
    assert run(text, title=title).description == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "| Food | How |\n|---|---|\n| Nuts | badly |\n| Kiwi | mildly |\n",
            "Nuts (badly), Kiwi (mildly)",
        ),
        (
            "| Room | Width | Depth |\n|---|---|---|\n| Bath | 1.8 | 2.2 |\n| Hall | 1.1 | |\n",
            "Bath (Width: 1.8, Depth: 2.2); Hall (Width: 1.1)",
        ),
        (
            "## Week A\n\n- Jan: bath\n- Lea: hall\n\n## Week B\n\n- Jan: hall\n",
            "Week A: Jan: bath, Lea: hall; Week B: Jan: hall",
        ),
        (
            (
                "Friday: arrival at 2 pm in the harbour district, in the evening the concert hall.\n"
                "Saturday: a tour of the harbour instead.\nSunday: the train at 4."
            ),
            (
                "Friday: arrival at 2 pm in the harbour district, in the evening the concert hall. "
                "Saturday: a tour of the harbour instead. Sunday: the train at 4."
            ),
        ),
        (
            "**尊敬語**：いらっしゃる、召し上がる、ご覧になる\n**謙譲語**：参る、いただく、拝見する\n",
            "尊敬語：いらっしゃる、召し上がる、ご覧になる、謙譲語：参る、いただく、拝見する",
        ),
        (
            "## March\n\nTomatoes\n\n## May\n\nBeans go into the bed\n",
            "March: Tomatoes; May: Beans go into the bed",
        ),
        (
            (
                "1. Prophase: they condense\n2. Anaphase: they part\n3. Telophase: two nuclei\n\n"
                "Result: two identical daughter cells."
            ),
            (
                "Prophase: they condense; Anaphase: they part; Telophase: two nuclei; "
                "Result: two identical daughter cells."
            ),
        ),
        (
            "halvtreds = 50\ntres = 60\nhalvfjerds = 70\n",
            "halvtreds = 50, tres = 60, halvfjerds = 70",
        ),
        (
            "## Good\n\n- quick builds\n\n## Bad\n\n- flaky tests\n",
            "Good: quick builds; Bad: flaky tests",
        ),
        (
            "Finished: March 2023\n\nShevek travels to the planet Urras to finish his theory of time.",
            "Shevek travels to the planet Urras to finish his theory of time.",
        ),
    ],
)
def test_short_lines_are_told_together(text: str, expected: str) -> None:
    """A page of short lines is described by them, not by the one that ends like a sentence."""
    assert run(text).description == expected


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Solutions",
            (
                "- The agora is a [[repository]] of [[problems]] and [[solutions]].\n"
                "- Not all solutions are feasible. But they all belong in the agora.\n"
            ),
            "The agora is a repository of problems and solutions.",
        ),
        (
            "Tschick",
            (
                "Wolfgang Herrndorf, 2010\n\nZwei Vierzehnjährige fahren mit einem Lada durch das Land. "
                "Maik erzählt; Tschick ist der Neue.\n\n> Die Welt ist schlecht."
            ),
            "Zwei Vierzehnjährige fahren mit einem Lada durch das Land.",
        ),
        (
            "Class 5",
            "## Depth of field\n\nDepends on the aperture and the distance to the subject.",
            "Depth of field: Depends on the aperture and the distance to the subject.",
        ),
        ("Rolf", "1951年生まれの電気技師。2016年に引退した。", "1951年生まれの電気技師。"),
        (
            "Verbs",
            "ser: soy, eres, es,\nestar: estoy, estás, está",
            "ser: soy, eres, es; estar: estoy, estás, está",
        ),
        (
            "Pi-hole",
            "Why? To block ads in all of the network. Pi-hole is a DNS server on a Raspberry Pi.",
            "Pi-hole is a DNS server on a Raspberry Pi.",
        ),
        (
            "Inca",
            "It was the largest empire of the continent before the conquest.",
            "Inca: It was the largest empire of the continent before the conquest.",
        ),
        (
            "第五次",
            "她问我在回避什么。我发现自己总是在难过的时候拼命工作。",
            "咨询 第五次：她问我在回避什么。我发现自己总是在难过的时候拼命工作。",
        ),
        (
            "Drafts",
            "The plan for all articles is kept on the board. [Open the board](ticktick://x)",
            "The plan for all articles is kept on the board.",
        ),
    ],
)
def test_a_description_begins_where_the_note_does(title: str, text: str, expected: str) -> None:
    """The first sentence is not lost, what it answers or stands for not left out, no button read."""
    assert run(text, title=title, folder="咨询").description.startswith(expected)


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Le Havre",
            "Vista en casa con Marta. Kaurismäki, 2011.\nUn limpiabotas esconde a un niño.",
            "Vista en casa con Marta. Kaurismäki, 2011. Un limpiabotas esconde a un niño.",
        ),
        (
            "Insomnia",
            "Ten past three. Again.\n\nBut it is not the noise tonight, I think.",
            "Ten past three. Again. But it is not the noise tonight, I think.",
        ),
        (
            "Tool shelf",
            "The cellar has stood empty for years. Why not lend out our drills there?",
            "The cellar has stood empty for years. Why not lend out our drills there?",
        ),
        (
            "Letter",
            "Dear Mr. Lund,\n\nI hope you are well. The gate has been open since May, and dogs get in.",
            "The gate has been open since May, and dogs get in.",
        ),
        (
            "Brief",
            "Sehr geehrte Frau Lund,\n\nseit Mai steht das Tor zum Hof jede Nacht offen.",
            "Seit Mai steht das Tor zum Hof jede Nacht offen.",
        ),
        (
            "手紙",
            "ご無沙汰しております。お変わりなくお過ごしでしょうか。五月から庭の門が夜も開いたままです。",
            "五月から庭の門が夜も開いたままです。",
        ),
        (
            "Liebe",
            "Liebe ist, was bleibt, wenn alles geht.",
            "Liebe ist, was bleibt, wenn alles geht.",
        ),
        (
            "Knie",
            "14.1. Beim Skifahren verdreht, lag es an mir.",
            "14.1. Beim Skifahren verdreht, lag es an mir.",
        ),
        ("Gifts", "- Ann: ~~a bird book~~, a sauna voucher", "Ann: a sauna voucher"),
        (
            "Later",
            "- https://www.example.org/a/1 place cells\n- https://example.net/b floating point",
            "example.org: place cells, example.net: floating point",
        ),
        ("計画", "- 2日目 縄文杉\n- 3日目 大川の滝", "2日目 縄文杉、3日目 大川の滝"),
    ],
)
def test_a_description_goes_on_to_what_a_note_says(title: str, text: str, expected: str) -> None:
    """A short beginning is followed by more, a salutation is none, dates and spaces stay."""
    assert run(text, title=title).description == expected


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Sayings",
            "> Make haste slowly. — Augustus\n\n> Know thyself.\n> — Thales\n\n> Less is more. — Mies",
            "Make haste slowly. — Augustus; Know thyself. — Thales; Less is more. — Mies",
        ),
        (
            "Soda bread",
            (
                "## Ingredients\n\n- 400 g flour\n- 300 ml buttermilk\n- soda\n\n## Method\n\n"
                "1. Mix the flour and the soda in a wide bowl with both of your hands.\n2. Bake it for forty minutes at 200 °C."
            ),
            "Soda bread: 400 g flour, 300 ml buttermilk, soda",
        ),
        (
            "Bread plan",
            (
                "| When | What |\n|---|---|\n| Fri 8 pm | feed the starter |\n| Sat 8 am | mix the dough |\n"
                "| Sun 8 am | bake |\n\nLast time the crumb was far too dense."
            ),
            "Bread plan: Fri 8 pm (feed the starter); Sat 8 am (mix the dough); Sun 8 am (bake)",
        ),
        (
            "Pressure",
            (
                "| Day | Read |\n|---|---|\n| 3 May | 132/85 |\n| 4 May | 135/88 |\n| 5 May | 129/84 |\n\n"
                "Lower when I walk after lunch."
            ),
            "Pressure: 3 May (132/85), 4 May (135/88), 5 May (129/84)",
        ),
        (
            "Sleep log",
            (
                "| Date | Hours | Woke? | Mood |\n|---|---|---|---|\n| 2 Jan | 7 | no | good |\n\n"
                "Nearly always worse after a glass of wine in the evening."
            ),
            (
                "Sleep log: Date, Hours, Woke, Mood. "
                "Nearly always worse after a glass of wine in the evening."
            ),
        ),
        (
            "Commands",
            (
                "## Find duplicates\n\n```\nsort\n```\n\n## Count lines\n\n```\nwc\n```\n\n"
                "## Cut columns\n\n```\ncut\n```\n\nOn a Mac the last one needs another option."
            ),
            "Commands: Find duplicates, Count lines, Cut columns",
        ),
    ],
)
def test_a_collection_is_described_by_what_it_holds(title: str, text: str, expected: str) -> None:
    """Quotations keep their authors; a closing remark or one step does not stand for a list."""
    assert run(text, title=title).description == expected


def test_a_forms_headings_are_no_description() -> None:
    """Headings that many notes share do not describe an empty one; a summary's is still heard."""
    form = "## Trips\n\n## Places\n\n## Summary\n"
    common = commonplace(parse(form) for _ in range(5))
    empty = extract(title="Kyoto", folder="", text=form, vocabulary=[], common=common)
    assert empty.description == "Kyoto"
    assert run(form, title="Kyoto").description == "Kyoto: Trips, Places"


def test_markup_leaves_the_description() -> None:
    """Links show their labels; images, addresses, comments, ids and emphasis are gone."""
    text = (
        "![cover](a.png) **Foam** links [[notes/second-brain|second brains]] to "
        "[GitHub](https://github.com/) pages<!-- x --> in one workspace%%y%%. ^abc-1\n"
    )
    description = run(text, title="Foam").description
    assert description == "Foam links second brains to GitHub pages in one workspace."


def test_code_math_and_tables_are_no_sentences() -> None:
    """Fences, display math and tables never become the description."""
    text = (
        "```py\nprint('This is the best sentence of them all, surely.')\n```\n\n"
        "$$\nE = mc^2\n$$\n\n| A | B |\n|---|---|\n| This cell is a long sentence here. | x |\n\n"
        "Energy and mass are two names of one thing.\n"
    )
    assert run(text, title="Energy").description == "Energy and mass are two names of one thing."


def test_an_outline_of_fragments_is_joined() -> None:
    """A list of short items is described by its items."""
    text = "- a [[microphone]]\n\t- great sounding\n\t- [[xlr]] output\n"
    assert run(text, title="rode podmic").description == (
        "a microphone: great sounding, xlr output"
    )


def test_an_index_says_what_it_links_to() -> None:
    """A note of links alone is described by their labels."""
    outside = "- [Typografie](https://a.org)\n- [Fonts](https://b.org)\n"
    assert run(outside, title="Schrift").description == "Typografie, Fonts"
    text = "- [[Tomatoes]]\n- [[Beans]]\n- [[notes/Soil health|Soil health]]\n"
    assert run(text, title="Garden").description == "Links to Tomatoes, Beans and Soil health."
    assert run("- [[绿茶]]\n- [[白茶]]\n", title="茶的分类").description == "绿茶、白茶"


def test_a_colon_takes_its_list_along() -> None:
    """A line that announces a list is completed by the items' names."""
    text = "The app runs on these platforms:\n\n- Desktop\n- iOS - since 2022\n- Android\n"
    assert run(text, title="Platforms").description == (
        "The app runs on these platforms: Desktop, iOS, Android."
    )


def test_a_poem_is_described_by_its_first_lines() -> None:
    """Short lines without stops are quoted from the start."""
    lines = [f"the river carries stone {number}" for number in "abcdefghijkl"]
    found = run("\n\n".join(lines), title="River").description
    assert found.startswith("the river carries stone a / the river carries stone b")


def test_a_summary_field_wins() -> None:
    """A line that the author calls the description is taken as such."""
    text = "type:: [[Feature]]\ndescription:: Write and render math\n\n- Long prose follows here.\n"
    assert run(text, title="Math Block").description == "Write and render math."


def test_an_empty_note_is_described_by_title_and_place() -> None:
    """Nothing is claimed of a note without words."""
    assert run("", title="Kyoto", folder="Trips").description == "Kyoto (Trips)"
    assert run("", title="", folder="").description == ""


def test_a_long_sentence_is_cut_at_a_clause() -> None:
    """A sentence far over the bound ends at a clause, with a stop."""
    text = (
        "The garden is planted in rows that run from north to south so that every bed gets the "
        "same light through the day, which matters most for the tomatoes and the beans, while the "
        "herbs stand along the wall where it stays warm until late, and the compost is kept in "
        "the shade behind the shed where nobody has to look at it.\n"
    )
    description = run(text, title="Garden").description
    assert len(description) <= 200
    assert text.startswith(description[:-1])
    assert description.endswith((" beans.", " day."))


def test_vocabulary_matches_across_style_and_number() -> None:
    """Case, style, plural and accents do not hide a tag; the leaf of a nested tag counts."""
    text = "Notes on machine learning. Cafés serve as the example of machine learning twice.\n"
    found = run(text, title="Machine learning", vocabulary=["area/MachineLearning", "knitting"])
    assert found.tags == ("area/MachineLearning",)
    cafe = run("A café by the sea.", title="Cafés", vocabulary=["cafe"])
    assert cafe.tags == ("cafe",)


def test_tags_need_evidence_in_the_note() -> None:
    """A tag of the vocabulary that the note does not speak of is not given."""
    found = run("Bread needs flour and time.", title="Bread", vocabulary=["politics", "all"])
    assert not {"politics", "all"} & set(found.tags)


def test_a_tag_that_a_note_only_mentions_is_not_given() -> None:
    """What is neither in title, folder, headings, links nor key phrases has to be said often."""
    about = "Anna Berg, Carl Dahl, Eva Falk, Gert Holm, Ida Juhl and Kaj Lund sang.\n\n" * 4
    said = about + "We went along the river. It was cold at the river.\n"
    assert run(said, title="Letter", vocabulary=["river"]).tags == ()
    assert run(said, title="River", vocabulary=["river"]).tags == ("river",)
    often = "Cold is the river, high is the river, long is the river.\n" * 4
    assert run(about + often, title="Letter", vocabulary=["river"]).tags == ("river",)


def test_a_common_word_alone_is_no_evidence_for_a_nested_tag() -> None:
    """Where many notes say "water", the tag of its history is for those that speak of history."""
    pages = [parse(f"Water for bed {number}.") for number in range(30)]

    def tags_of(text: str, title: str) -> tuple[str, ...]:
        found = extract(
            title=title,
            folder="Home",
            text=text,
            vocabulary=["history/water"],
            common=commonplace(pages),
        )
        return found.tags

    boiler = "Water leaks from the boiler. There is water on the floor, and water in the pipe.\n"
    assert tags_of(boiler, "Boiler water") == ()
    assert tags_of(boiler + "The history of it is long.\n", "Boiler water") == ("history/water",)
    assert run(boiler, title="Boiler water", vocabulary=["history/water"]).tags == (
        "history/water",
    )


def test_a_note_gets_three_tags_at_most() -> None:
    """A list of links that names much has the three that fit it best."""
    names = ["rivers", "boats", "bridges", "locks", "harbours"]
    text = "".join(f"## {name}\n\n{name} and more {name}.\n\n" for name in names)
    found = run(text, title="Rivers", vocabulary=names)
    assert len(found.tags) == 3
    assert found.tags[0] == "rivers"


def test_existing_tags_are_not_repeated() -> None:
    """Neither a tag the note has nor a variant or parent of it is given again."""
    found = run(
        "Seed saving keeps seeds. Seed saving is old.",
        title="Seed saving",
        folder="Garden",
        vocabulary=["garden/seed-saving", "SeedSaving", "garden"],
        existing_tags=["garden/seed_savings"],
    )
    assert not {"garden/seed-saving", "SeedSaving", "garden"} & set(found.tags)


def test_no_tag_is_invented() -> None:
    """A note without a fitting tag in the vocabulary gets none, in whatever folder it lies."""
    text = "Seed saving keeps the best pods of the year.\n"
    assert run(text, title="Seed saving", folder="Garden").tags == ()
    known = run(text, title="Seed saving", folder="Garden", vocabulary=["home/garden", "knitting"])
    assert known.tags == ("home/garden",)


def test_topics_are_phrases_in_the_notes_own_spelling() -> None:
    """Title, links and bold terms come first; dates, numbers and form words are left out."""
    text = "# Notes\n\n2024-01-01\n\n**Lightning Network** uses [[Payment channels]]. TODO 42\n"
    topics = run(text, title="Routing fees").topics
    assert topics[0] == "Routing fees"
    assert {"Lightning Network", "Payment channels"} <= set(topics)
    assert not {"Notes", "TODO", "42", "2024-01-01"} & set(topics)


def test_chinese_topics_need_no_dictionary() -> None:
    """Repeated and quoted terms of Chinese text are found."""
    text = "云计算改变了部署。企业用云计算降低成本，《云原生》一书讲云计算的历史。\n"
    topics = run(text, title="笔记").topics
    assert "云计算" in topics
    assert "云原生" in topics


def test_a_huge_note_costs_no_more_than_a_long_one() -> None:
    """Twenty megabytes are answered in bounded time, whatever they hold."""
    draw = random.Random(5)  # noqa: S311 - a fixed text
    words = ["".join(draw.choices("abcdefgh", k=5)) for _ in range(500)]
    line = " ".join(draw.choices(words, k=200)) + ". [[" + "`" * 3 + " **x* (("
    started = time.process_time()
    run((line + "\n") * 16_000)
    assert time.process_time() - started < 3.0


@pytest.mark.parametrize(
    "unit",
    ["[", "[a](", "*a _", "<a ", "{{", "1. ", "「", "> ", "<!--", "`a ``", "大学", "园大学园"],
)
def test_hostile_markup_is_read_in_linear_time(unit: str) -> None:
    """No run of unclosed markup makes a pattern backtrack."""
    started = time.process_time()
    run(unit * (60_000 // len(unit)))
    assert time.process_time() - started < 3.0


def test_topics_fall_back_to_title_and_folder() -> None:
    """A note whose words are all of a form still gets its title, or its folder, as topic."""
    assert run("- [ ] todo\n", title="Notes").topics == ("Notes",)
    assert run("", title="2024-01-01", folder="Life/Journal").topics == ("Journal",)
    assert run("", title="2024-01-01").topics == ()
