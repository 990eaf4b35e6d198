"""Templates are left: those that settings name, and those that hold marks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from notemill.vault.note import parse
from tests.notemill.vault.folders import make_vault

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.vault.files import Vault

CORE = ".obsidian/{}.json"
PLUGIN = ".obsidian/plugins/{}/data.json"


def vault_with(tmp_path: Path, settings: dict[str, Any], *notes: str) -> Vault:
    """Return a vault with these settings, by file, and notes."""
    files = {name: json.dumps(value).encode() for name, value in settings.items()}
    return make_vault(tmp_path, files | dict.fromkeys(notes, b"Some words.\n"))


def keys(vault: Vault) -> list[str]:
    """Return the keys of a scan."""
    return [note.key for note in vault.scan()]


NAMED = [
    (CORE.format("daily-notes"), {"folder": "Log", "template": "Meta/Form"}),
    (CORE.format("daily-notes"), {"template": "/meta/form.md"}),
    (CORE.format("daily-notes"), {"template": "form"}),
    (CORE.format("zk-prefixer"), {"template": "Meta/Form.md"}),
    (CORE.format("note-composer"), {"template": "Meta\\Form"}),
    (".obsidian-phone/daily-notes.json", {"template": "Meta/Form"}),
    (PLUGIN.format("periodic-notes"), {"weekly": {"template": "Meta/Form.md", "enabled": False}}),
    (
        PLUGIN.format("periodic-notes"),
        {"calendarSets": [{"month": {"templatePath": "./Meta/Form", "folder": "Log"}}]},
    ),
    (
        PLUGIN.format("templater-obsidian"),
        {"folder_templates": [{"folder": "Log", "template": "Meta/Form.md"}]},
    ),
    (PLUGIN.format("templater-obsidian"), {"startup_templates": ["", "Meta/Form.md"]}),
    (
        PLUGIN.format("templater-obsidian"),
        {"file_templates": [{"regex": "^Log/", "template": "META/FORM.md"}]},
    ),
    (PLUGIN.format("quickadd"), {"choices": [{"type": "Template", "templatePath": "Form.md"}]}),
    (
        PLUGIN.format("quickadd"),
        {
            "choices": [
                {
                    "type": "Multi",
                    "choices": [
                        {
                            "type": "Macro",
                            "macro": {
                                "commands": [
                                    {
                                        "type": "NestedChoice",
                                        "choice": {
                                            "type": "Capture",
                                            "captureTo": "Log/Day.md",
                                            "createFileIfItDoesntExist": {
                                                "createWithTemplate": True,
                                                "template": "Meta/Form.md",
                                            },
                                        },
                                    }
                                ]
                            },
                        }
                    ],
                }
            ]
        },
    ),
    (PLUGIN.format("some-book-plugin"), {"templateFile": "Meta/Form.md", "folder": "Log"}),
    (PLUGIN.format("some-form-plugin"), {"noteTemplates": {"default": {"template": "Meta/Form"}}}),
]


@pytest.mark.parametrize(("file", "value"), NAMED)
def test_a_note_that_a_setting_names_as_a_template_is_left(
    file: str, value: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever plugin names it, in whatever spelling, the template is left and its name told."""
    vault = vault_with(tmp_path, {file: value}, "Meta/Form.md", "Log/Day.md", "Meta/Forms.md")
    assert keys(vault) == ["Log/Day.md", "Meta/Forms.md"]
    (left,) = vault.skipped
    assert left.key == "Meta/Form.md"
    assert "template" in left.reason
    plugin = (
        file.split("/")[-2]
        if "plugins" in file
        else file.rsplit("/", maxsplit=1)[-1].removesuffix(".json")
    )
    assert plugin in left.reason


@pytest.mark.parametrize(
    ("file", "value"),
    [
        (CORE.format("templates"), {"folder": "/meta/forms/"}),
        (PLUGIN.format("templater-obsidian"), {"templates_folder": "Meta/Forms"}),
        (PLUGIN.format("quickadd"), {"templateFolderPath": "meta/Forms"}),
        (PLUGIN.format("quickadd"), {"templateFolderPaths": ["Meta/Forms"]}),
    ],
)
def test_a_folder_of_templates_is_left_whatever_its_case(
    file: str, value: dict[str, Any], tmp_path: Path
) -> None:
    """A folder of templates is left with all that is in it."""
    vault = vault_with(tmp_path, {file: value}, "Meta/Forms/deep/a.md", "Meta/b.md")
    assert keys(vault) == ["Meta/b.md"]
    assert [one.key for one in vault.skipped] == ["Meta/Forms"]


def test_a_setting_that_names_no_template_leaves_nothing_out(tmp_path: Path) -> None:
    """Other settings, and texts that are no path, do not take notes away."""
    settings = {
        CORE.format("daily-notes"): {"folder": "Log", "template": "", "format": "Note"},
        CORE.format("types"): {"types": {"template": "text"}},
        CORE.format("templates"): {"folder": "/", "dateFormat": "Note"},
        PLUGIN.format("clipper"): {"template": "Note", "templateOutputFolder": "Log"},
        PLUGIN.format("quickadd"): {"choices": [{"type": "Template", "name": "Note"}], "a": None},
        PLUGIN.format("templater-obsidian"): {
            "templates_folder": "",
            "folder_templates": [{"folder": "Log", "template": ""}],
            "templates_pairs": [["", ""]],
        },
    }
    notes = ("Log/Note.md", "Note.md", "text.md")
    assert keys(vault_with(tmp_path, settings, *notes)) == sorted(notes)


def test_a_bare_name_means_the_note_at_that_path_before_others(tmp_path: Path) -> None:
    """Where a note lies just where the setting says, another of the same name is none."""
    settings = {CORE.format("daily-notes"): {"template": "Day"}}
    assert keys(vault_with(tmp_path, settings, "Day.md", "Log/Day.md")) == ["Log/Day.md"]


MARKED = [
    "# {{title}}\n\nWhat was good.\n",
    "# {{date:YYYY-MM-DD}}\n",
    "[[{{date:gggg-[W]ww}}]] and {{ time }}\n",
    "Week from {{monday:YYYY-MM-DD}}, {{date+1d:YYYY-MM-DD}}\n",
    "<% tp.file.cursor() %>\n",
    "Text\n\n<%*\nconst name = await tp.system.prompt('Name');\n%>\n",
    "By {{VALUE}} on {{VDATE:day,YYYY-MM-DD}}\n",
    "---\ntitle: '{{title}}'\n---\nWords.\n",
    "---\ncreated: {{date}}\n---\nWords.\n",
    '---\ncreated: <% tp.date.now("YYYY") %>\n---\nWords.\n',
]


@pytest.mark.parametrize("text", MARKED)
def test_a_note_with_template_marks_is_a_template(text: str) -> None:
    """A note with a variable or a command in text or properties is left by all that writes."""
    note, problems = parse(text.encode())
    assert not note.writable
    assert problems[0].code == "template"


PLAIN = [
    "Write `{{title}}` where the name is to stand.\n",
    "```\n{{date}}\n<% tp.date.now() %>\n```\n",
    "%% {{date}} %%\nWords.\n",
    "The set {{1, 2}} and $$\\frac{{title}}{2}$$\n",
    "{{c1::The Danube}} flows through {{c2::Ulm}}.\n",
    "{{query (todo now)}} {{embed ((66b))}} {{birthday}}\n",
    "Hello {{ user.name }}, {{author}} and <% today %>\n",
    "---\ndescription: What {{title}} and <% tp.file.title %> become.\n---\nWords.\n",
    "{{title\n",
]


@pytest.mark.parametrize("text", PLAIN)
def test_a_note_that_shows_marks_is_no_template(text: str) -> None:
    """A mark in code, math or a comment, in what notemill wrote, or of another kind is text."""
    note, problems = parse(text.encode())
    assert note.writable
    assert not problems


def test_a_long_text_of_beginnings_is_read_once() -> None:
    """Openings without end, or with one end far away, take no longer than the text is long."""
    for text in ("<%" * 200_000, "{{" * 200_000, "<% " * 200_000 + "%>", "{{title" * 60_000 + "}"):
        assert parse(text.encode())[0].writable
