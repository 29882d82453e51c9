"""What a citizen reads of an obligation that was paid here while the office does not show it: in her language.

Texts name the back office as the town calls it (`{office}`). Each says whether there is anything to do.
"""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, str]

BEING_POSTED: Texts = {
    "hr": "Plaćeno. Upisuje se u sustav „{office}”. Ne trebate ništa učiniti.",
    "cs": "Zaplaceno. Zapisuje se do systému „{office}“. Nemusíte nic dělat.",
    "uk": "Сплачено. Вноситься до системи «{office}». Вам нічого не потрібно робити.",
    "ro": "Plătit. Se înregistrează în sistemul „{office}”. Nu trebuie să faceți nimic.",
    "sr-Cyrl": "Плаћено. Уписује се у систем „{office}”. Не треба ништа да предузимате.",
    "sr-Latn": "Plaćeno. Upisuje se u sistem „{office}”. Ne treba ništa da preduzimate.",
    "en": "Paid. It is being posted in “{office}”. You need not do anything.",
}
DELAYED: Texts = {
    "hr": "Plaćeno. Upis u sustav „{office}” traje dulje nego inače i netko u gradskoj upravi time se bavi. Ne "
    "plaćajte ponovno.",
    "cs": "Zaplaceno. Zápis do systému „{office}“ trvá déle než obvykle a někdo na úřadě se tím zabývá. Neplaťte "
    "znovu.",
    "uk": "Сплачено. Внесення до системи «{office}» триває довше, ніж зазвичай, цим займаються в міській раді. Не "
    "сплачуйте ще раз.",
    "ro": "Plătit. Înregistrarea în sistemul „{office}” durează mai mult decât de obicei și cineva de la primărie se "
    "ocupă de ea. Nu plătiți din nou.",
    "sr-Cyrl": "Плаћено. Упис у систем „{office}” траје дуже него обично и неко у градској управи се тиме бави. Не "
    "плаћајте поново.",
    "sr-Latn": "Plaćeno. Upis u sistem „{office}” traje duže nego obično i neko u gradskoj upravi se time bavi. Ne "
    "plaćajte ponovo.",
    "en": "Paid. Posting it in “{office}” takes longer than usual, and somebody at the town hall sees to it. Do not "
    "pay again.",
}
NOT_SHOWN_YET: Texts = {
    "hr": "Plaćeno, ali sustav „{office}” to još ne prikazuje. Ne plaćajte ponovno.",
    "cs": "Zaplaceno, ale systém „{office}“ to zatím neukazuje. Neplaťte znovu.",
    "uk": "Сплачено, але система «{office}» цього ще не показує. Не сплачуйте ще раз.",
    "ro": "Plătit, dar sistemul „{office}” nu arată încă plata. Nu plătiți din nou.",
    "sr-Cyrl": "Плаћено, али систем „{office}” то још не приказује. Не плаћајте поново.",
    "sr-Latn": "Plaćeno, ali sistem „{office}” to još ne prikazuje. Ne plaćajte ponovo.",
    "en": "Paid, but “{office}” does not show it yet. Do not pay again.",
}
DISAGREES: Texts = {
    "hr": "Plaćeno, ali sustav „{office}” vodi drugačije stanje. Netko u gradskoj upravi to provjerava. Ne plaćajte "
    "ponovno.",
    "cs": "Zaplaceno, ale systém „{office}“ vede jiný stav. Někdo na úřadě to prověřuje. Neplaťte znovu.",
    "uk": "Сплачено, але в системі «{office}» значиться інше. У міській раді це перевіряють. Не сплачуйте ще раз.",
    "ro": "Plătit, dar în sistemul „{office}” figurează altceva. Cineva de la primărie verifică. Nu plătiți din nou.",
    "sr-Cyrl": "Плаћено, али систем „{office}” води другачије стање. Неко у градској управи то проверава. Не плаћајте "
    "поново.",
    "sr-Latn": "Plaćeno, ali sistem „{office}” vodi drugačije stanje. Neko u gradskoj upravi to proverava. Ne plaćajte "
    "ponovo.",
    "en": "Paid, but “{office}” disagrees: it shows something else. Somebody at the town hall checks it. Do not pay "
    "again.",
}
TAKEN_BACK: Texts = {
    "hr": "Uplata je vraćena, pa je taj iznos opet za platiti; sustav „{office}” to još ne prikazuje.",
    "cs": "Platba byla vrácena, a tak je třeba tuto částku znovu zaplatit; systém „{office}“ to zatím neukazuje.",
    "uk": "Платіж повернуто, тому цю суму знову треба сплатити; система «{office}» цього ще не показує.",
    "ro": "Plata a fost restituită, așa că suma este din nou de plată; sistemul „{office}” nu arată încă acest lucru.",
    "sr-Cyrl": "Уплата је враћена, па је тај износ опет за плаћање; систем „{office}” то још не приказује.",
    "sr-Latn": "Uplata je vraćena, pa je taj iznos opet za plaćanje; sistem „{office}” to još ne prikazuje.",
    "en": "The payment was taken back, so that this is to be paid again; “{office}” does not show that yet.",
}
