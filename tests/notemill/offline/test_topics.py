"""Topics: whole names of what a note is about."""

# ruff: noqa: RUF001 - the texts are of many scripts

from __future__ import annotations

import pytest

from notemill.offline import extract
from notemill.offline.commonplace import Commonplace, commonplace
from notemill.offline.pieces import parse


def topics_of(text: str, title: str, common: Commonplace | None = None) -> tuple[str, ...]:
    """Return the topics of a note in a vault without tags."""
    common = common or Commonplace()
    return extract(title=title, folder="", text=text, vocabulary=[], common=common).topics


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "Battle of Britain",
            "The Royal Air Force fought the Luftwaffe. Hugh Dowding led the Royal Air Force in 1940.",
            ("Battle of Britain", "Royal Air Force"),
        ),
        ("No Free Lunch Theorem", "Averaged over all problems.", ("No Free Lunch Theorem",)),
        (
            "2024-03-12 Jour fixe",
            "Teilnehmer: Anna Krüger, Jonas Weber\n\n- Neues CRM für alle im Mai\n- Kosten: 40 \u20ac",
            ("Jour fixe",),
        ),
        (
            "Nota",
            "Regalo para papá: curso de cerámica",
            ("Regalo para papá", "curso de cerámica"),
        ),
        ("Ateliê", "São três horas de trabalho e não é mais do que isso, é só.", ("Ateliê",)),
        (
            "Agile",
            "- **Scrum**: in two weeks\n- **Kanban**: one at a time\n- **Extreme Programming**: pairs",
            ("Agile",),
        ),
        ("Tareas de la semana", "- [ ] Llamar al [[Taller Ruiz]]\n- [ ] Ir al DNI", ()),
        ("今週のやること", "- [ ] 『こころ』を返す\n", ()),
        ("2024年1月20日", "很冷，没出门。", ()),
        ("Quotes", "> Slowly. — Ann Lee\n\n> Less. — Mies Roh\n\n> Know. — Tom Dee", ()),
        ("薬の記録", "寝る前に飲む。来年は舌下免疫療法も聞く。", ("薬の記録",)),
        ("Wales, May 2024", "By bus.", ("Wales",)),
        ("Lisboa mayo 2023", "En tren.", ("Lisboa",)),
        ("Chemistry week 4", "Acids.", ("Chemistry",)),
        ("Química - Tema 7. Los ácidos", "Ver [[Tema 6 Los gases]].", ("Química", "Los ácidos")),
        ("Rust", "It owns.\n\n## Compare\n\n- [[Zig]]: no owners", ("Rust",)),
        ("La casa", "La vio Ana Ruiz en mayo, con su hermano.", ("La casa",)),
        ("Move house", "We ask Legal about the keys. Then Legal asks us.", ("Move house",)),
        ("花の庭 感想", "花がきれいだった。", ("花の庭",)),
        ("佐藤 花子", "営業部。犬が好き。", ("佐藤 花子",)),
        ("2024-02-11", "夕方から緊急帰省して、母に会った。", ()),
        ("長安の春", "今日は山下公園を歩き、『こころ』を読んだ。", ("長安の春",)),
        ("Untitled 3", "Ask Jen: spare key", ("Ask Jen", "spare key")),
        ("El cielo", "Es azul por la dispersión de Rayleigh en el aire.", ("El cielo",)),
        ("ADN", "La describieron Watson y Crick hace tiempo.", ("ADN",)),
        ("p-Wert", "Zu klein ist er nie.", ("p-Wert",)),
        (
            "Putzen",
            "Ein Spritzer Spülmittel kommt ins Wasser und zwei Liter Wasser in den Eimer.",
            ("Putzen",),
        ),
        ("Session 5", "It went well.", ("Session 5",)),
        ("Rehearsal 3", "It was loud.", ("Rehearsal",)),
        ("Apollo 11", "With Apollo 11 two men came to the moon.", ("Apollo 11",)),
        ("Class 5", "## Depth of field\n\nSmall with an open lens.", ("Depth of field",)),
        ("Ruta", "Salimos de Poncebos a las ocho.", ("Ruta",)),
        ("卵", "材料：卵4個、薄口醤油少々\n\n弱火で巻く。", ("卵",)),
        ("2024-10-30", "医療費の領収書を探す", ("医療費の領収書",)),
        ("2024 in review", "Much was done.", ("2024 in review",)),
        ("Postmortem 2023-08 doubles", "# Double readings\n\nNone lost.", ("Double readings",)),
        ("Teig", "Die Spätzle schlagen, bis der Teig Blasen wirft und es gut ist.", ("Teig",)),
        ("Retries", "They cost [[Incident|the scar]] of a year.", ("Retries",)),
        ("Chapter 3: The Sea", "They sail.", ("The Sea",)),
        ("term___graph", "A set of notes.", ("graph",)),
        ("This 1 Tiny Time Managem...", "Ask [[Dickie Bush]] soon.", ("Dickie Bush",)),
        ("Tags", "Tags group notes. A note has many tags.", ("Tags",)),
        ("2025-02-11", "swap the tyres, booked at Kwik Fit on 4 April", ("tyres",)),
        ("2025-02-12", "cambiar las ruedas, cita el 4 de abril", ("ruedas",)),
        (
            "Winner",
            "It is [a better title](https://a.org/1), see [the thread](https://a.org/2).",
            ("Winner",),
        ),
        ("2025-03-08", "On the Mersey ferry with Bea. Rain.", ("Bea",)),
        ("2025-03-09", "Anna and Ben came from Leeds.", ("Anna", "Ben", "Leeds")),
        ("2025-03-10", "We met our Guide Anna at noon.", ("Anna",)),
        ("Visit", "Before Easter we went, and California was far.", ("Visit",)),
        (
            "2025-03-11",
            "It was Monica Powell who wrote it. Then Monica left, and Monica wrote more.",
            ("Monica Powell",),
        ),
        ("Dump", "It has a **left sidebar** and a **right sidebar** now.", ("Dump",)),
        ("Sample", "Read Header 1 first.\n\n## Header 1\n\nHeader 1 ends.", ("Sample",)),
        (
            "Levels",
            "Let Parent A hold a child. Then Parent A is shown, and Parent A folds.",
            ("Levels",),
        ),
        ("2025-03-12", "在北京大学图书馆坐了一下午。", ("北京大学图书馆",)),
        ("2025-03-12", "和小雨去国家博物馆看了展，排队两个小时。", ("国家博物馆",)),
        ("202310071432 Boxes surprise", "They do.", ("Boxes surprise",)),
        ("Episode 112 Why we wait", "It is fear.", ("Why we wait",)),
        ("2025-03-13", "Watched the last episode of Slow Horses with Dad.", ("Slow Horses",)),
        ("Caverna", "Platón lo contó en el libro VII de La República.", ("Caverna",)),
        ("Launch", "Soon.\n\n- [ ] Ask about the [[Stripe]] key\n", ("Launch",)),
        ("邓宁-克鲁格效应", "能力越低越容易高估自己。", ("邓宁-克鲁格效应",)),
        ("2025-02-13", "email the landlord about the boiler", ("landlord", "boiler")),
        ("銀河", "孤独な少年ジョバンニが親友カムパネルラと旅をする。", ("銀河",)),
        ("2025-02-11", "Reifen wechseln, Termin am 4. April", ("Reifen wechseln",)),
        ("Beet", "Im ersten Jahr Starkzehrer und manche Bakterien Wasser.", ("Beet",)),
        ("Parkinson", "Ver [[Gestión del tiempo]].", ("Parkinson",)),
        ("史蒂夫·乔布斯传（全三册）", "他的一生。", ("史蒂夫·乔布斯传",)),
        ("长安的荔枝-马伯庸", "小吏的故事。", ("长安的荔枝", "马伯庸")),
        (
            "why-i-left",
            "# Leaving the Museum of Fine Arts\n\nOpen the door. Whenever I do, it is cold.",
            ("Leaving the Museum of Fine Arts",),
        ),
    ],
)
def test_topics_are_whole_names(title: str, text: str, expected: tuple[str, ...]) -> None:
    """A name is given whole, as the note writes it; parts, forms, numbers and grammar are none."""
    assert topics_of(text, title) == expected


def test_a_list_of_links_names_no_topic() -> None:
    """Of many links only those that the text speaks of are topics."""
    listed = "".join(f"- [[Person {letter}]]\n" for letter in "ABCDEFGH")
    text = f"Alice Munro wrote it. [[Alice Munro]] died in 2024.\n\n{listed}"
    assert topics_of(text, "Cast") == ("Cast", "Alice Munro")


def test_what_many_notes_share_is_no_topic() -> None:
    """A form's heading, and a word or link that a twelfth of the vault has, say nothing of a note."""
    form = "# Day {n}\n\n## Open Loops\n\nNothing of the Open Loops is Gardenware here.\n"
    pages = [parse(form.format(n=number)) for number in range(30)]
    text = "It is about the Open Loops in Gardenware and about Greta Thunberg.\n\n## Open Loops\n"
    shared = topics_of(text, "Tuesday", commonplace(pages))
    assert shared == ("Greta Thunberg",)
    assert {"Open Loops", "Gardenware"} <= set(topics_of(text, "Tuesday"))
    assert topics_of(text, "Gardenware", commonplace(pages))[0] == "Gardenware"


def test_what_the_whole_vault_is_about_is_no_topic() -> None:
    """A name whose words a sixth of the notes have says nothing of one of them."""
    pages = [parse(f"Open VS Code for {number}.") for number in range(30)]
    text = "The notes are checked when VS Code starts, and again when VS Code is closed."
    assert topics_of(text, "Lint", commonplace(pages)) == ("Lint",)
    assert topics_of(text, "Lint") == ("Lint", "VS Code")


def test_the_links_of_a_day_are_its_topics() -> None:
    """A note without a title of its own is about what it links to, also if that is much."""
    text = "".join(f"- [[Person {letter}]]\n" for letter in "BCDEFGHJ")
    found = topics_of(text, "2024-05-01")
    assert len(found) == 5
    assert all(topic.startswith("Person ") for topic in found)


@pytest.mark.parametrize(
    "title", ["第五次", "第5回", "第 12 次", "Session 5", "Kapitel IV", "Checklist"]
)
def test_a_title_without_a_subject_gives_way_to_its_folder(title: str) -> None:
    """A title that only counts, or names a form, says nothing, so that the folder stands in for it."""
    found = extract(
        title=title,
        folder="咨询",
        text="今天好多了。下周再来。",
        vocabulary=[],
        common=Commonplace(),
    )
    assert found.topics == ("咨询",)
