"""Sound marks among captions, `[Music]`, `(applause)`, `♪`: what is heard and not said; pure.

Only brackets around words that are known to name sounds are taken out. Automatic captions have
nothing else in square brackets but `[ __ ]`, a word that was bleeped. It stays, and so does what says
that words are missing, as `(inaudible)`.
"""

from __future__ import annotations

import re
from typing import Final

from notemill.text.words import CJK, folded, words

_NOTES: Final = re.compile(r"[\u2669-\u266c\U0001f3b5\U0001f3b6\U0001f3bc]+")
_MARK: Final = re.compile(
    r"[\[\uff3b\u3010\u3014](?P<square>[^\[\]\uff3b\uff3d\u3010\u3011\u3014\u3015]{1,60})[\]\uff3d\u3011\u3015]"
    r"|[(\uff08](?P<round>[^()\uff08\uff09]{1,60})[)\uff09]"
    r"|\*(?P<starred>[^*\s](?:[^*]{0,38}[^*\s])?)\*"
)
_SPACES: Final = re.compile(r" {2,}")
_BEFORE_STOP: Final = re.compile(r" (?=[,.!?;:\u3002\uff0c\u3001](?:\s|$))")
_MOST_WORDS: Final = 6

# Folded: small letters without accents. What a mark names, in the languages that captions come in.
_NAMES: Final = """
music musik musique musica muzyka muzika muziek hudba zene muzik nhac musiikki musikk muusika
музыка музика μουσικη موسيقى موسيقي موزیک مוזיקה מוזיקה מוסיקה संगीत सगीत สนตร ดนตร ดนตรี เพลง 음악
applause applauding clapping claps clap applaus beifall applaudissements applaudissement applausi
applauso aplausos aplauso palmas brawa oklaski potlesk alkis аплодисменты оплески 박수
χειροκροτημα χειροκροτηματα تصفيق תשואות מחיאות तालिया เสียงปรบมือ ปรบมือ bifall applader klapsalver
laughter laughs laughing laugh laughed chuckles chuckle chuckling giggles giggling gelachter lachen
lacht rires rire risas risa rie risos riso risate risata smiech smich nevetes gulme gulusme
tawa skratt latter naurua смех сміх 웃음 γελια γελιο ضحك צחוק हसी หัวเราะ เสียงหัวเราะ
cheering cheers cheer jubel acclamations vivas ovacion ovation whoops whooping booing boos
silence stille silencio silenzio noise noises rauschen ruido bruit
cough coughs coughing sneezes sneezing sighs sigh sighing gasps gasp gasping groans groaning sniffs
sniffing sniffles burps yawns yawning clears throat crying cries sobbing sobs screams screaming
shouting shouts whistling whistles humming hums grunts grunting panting breathing inhales exhales
husten hustet raspert seufzt seufzen toux soupir tos suspira suspiro tosse
beep beeps beeping bleep buzzing buzzer ringing rings bell bells chime chimes siren sirens
honking knocking knock footsteps thud gunshot gunshots gunfire thunder
barking barks meows chirping birdsong typing clicking clicks whoosh
blank alk\u0131ş kahkaha glazba glasba tónlist musika muziki tugtugin smích śmiech muzică râsete aplauze
موسیقی সঙ্গীত இசை సంగీతం ಸಂಗೀತ സംഗീതം მუსიკა երաժշտություն
音楽 音乐 音樂 bgm 拍手 掌声 掌聲 鼓掌 笑 笑い 笑声 笑聲 大笑 歓声 欢呼 歡呼 沈黙 雑音 咳 ため息
"""
_SOUNDS: Final = frozenset(words(folded(_NAMES)))
# What stands beside a sound within a mark, and says nothing by itself.
_COMPANY: Final = """
upbeat soft gentle dramatic tense eerie quiet loud light bright slow fast sad happy cheerful
ominous suspenseful mysterious playful funky ambient inspiring background instrumental electronic
classical acoustic orchestral piano guitar drum rock jazz pop hip hop intro outro opening closing
playing plays starts stops continues ends fades fading in out up theme end audience crowd
everyone all both people man woman men women speaker host nervously softly loudly quietly
audio dog dogs cat bird birds car phone door and the of a his her their with
âm leise laut hintergrund spielt publikum und douce public et suave fondo publico y e di del
כפיים музыкальная
"""
_BESIDE: Final = frozenset(words(folded(_COMPANY)))
_UNSPACED_SOUND: Final = re.compile(
    "|".join(sorted(sound for sound in _SOUNDS if len(sound) > 1 and CJK.match(sound)))
)


def without_sounds(text: str, *, automatic: bool) -> str:
    """Return what is said, '' where nothing is; notes are taken out, and what is sung stays."""
    if _NOTES.search(text):
        text = _tidy(_NOTES.sub(" ", text))
    if not any(mark in text for mark in "[(*\uff3b\u3010\u3014\uff08"):
        return text
    alone = _MARK.fullmatch(text.strip(" -\u2013>.\u2026"))
    kept = _MARK.sub(
        lambda found: (
            " " if _is_sound(found, alone=alone is not None, automatic=automatic) else found[0]
        ),
        text,
    )
    if kept == text:
        return text
    kept = _tidy(kept)
    return kept if any(letter.isalnum() or letter == "_" for letter in kept) else ""


def _is_sound(mark: re.Match[str], *, alone: bool, automatic: bool) -> bool:
    """Tell whether a mark names a sound: all its words do, or, where it stands alone, one of them."""
    inside = mark["square"] or mark["round"] or mark["starred"]
    named = words(folded(inside))
    if not named:
        # Full stops and dashes are a pause; underscores stand for a word that was bleeped.
        return alone and "_" not in inside
    if mark["square"] and automatic and len(named) <= _MOST_WORDS:
        return True
    known = sum(1 for one in named if one in _SOUNDS)
    beside = sum(1 for one in named if one not in _SOUNDS and one in _BESIDE)
    if known and known + beside == len(named):
        return True
    if not (alone and mark["square"]):
        return False
    return bool(known and len(named) <= _MOST_WORDS) or _UNSPACED_SOUND.search(inside) is not None


def _tidy(text: str) -> str:
    """Return a text from which marks were taken, without the blanks that they leave."""
    return _BEFORE_STOP.sub("", _SPACES.sub(" ", text)).strip()
