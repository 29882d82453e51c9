"""What a citizen reads of a source: whether it answers, how old what she sees is, and what becomes of what she sends.

Texts name the back office as the town calls it (`{office}`) and times on the town's clock: since when it has not
answered (`{since}`), for when what is shown is true (`{as_of}`).
"""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, str]

FRESH: Texts = {
    "hr": "Podaci sustava „{office}”: stanje {as_of}.",
    "cs": "Údaje systému „{office}“: stav {as_of}.",
    "uk": "Дані системи «{office}»: стан на {as_of}.",
    "ro": "Datele din sistemul „{office}”: starea de la {as_of}.",
    "sr-Cyrl": "Подаци система „{office}”: стање {as_of}.",
    "sr-Latn": "Podaci sistema „{office}”: stanje {as_of}.",
    "en": "What “{office}” tells: as of {as_of}.",
}
NOT_ANSWERING: Texts = {
    "hr": "Sustav „{office}” ne odgovara od {since}. Ono što vidite jest stanje {as_of}.",
    "cs": "Systém „{office}“ neodpovídá od {since}. To, co vidíte, je stav {as_of}.",
    "uk": "Система «{office}» не відповідає з {since}. Ви бачите стан на {as_of}.",
    "ro": "Sistemul „{office}” nu răspunde din {since}. Ceea ce vedeți este starea de la {as_of}.",
    "sr-Cyrl": "Систем „{office}” не одговара од {since}. Оно што видите је стање {as_of}.",
    "sr-Latn": "Sistem „{office}” ne odgovara od {since}. Ono što vidite je stanje {as_of}.",
    "en": "“{office}” has not answered since {since}. What you see is from {as_of}.",
}
NOTHING_KNOWN: Texts = {
    "hr": "Sustav „{office}” ne odgovara od {since}, pa još ne možemo pokazati što ima o vama. Pokušavamo i dalje.",
    "cs": "Systém „{office}“ neodpovídá od {since}, a tak zatím nemůžeme ukázat, co o vás má. Zkoušíme to dál.",
    "uk": "Система «{office}» не відповідає з {since}, тому ми ще не можемо показати, що в ній є про вас. Ми "
    "пробуємо далі.",
    "ro": "Sistemul „{office}” nu răspunde din {since}, așa că încă nu putem arăta ce are despre dumneavoastră. "
    "Încercăm în continuare.",
    "sr-Cyrl": "Систем „{office}” не одговара од {since}, па још не можемо да покажемо шта има о вама. Покушавамо и "
    "даље.",
    "sr-Latn": "Sistem „{office}” ne odgovara od {since}, pa još ne možemo da pokažemo šta ima o vama. Pokušavamo i "
    "dalje.",
    "en": "“{office}” has not answered since {since}, so we cannot show yet what it has about you. We keep trying.",
}
TOO_OLD: Texts = {
    "hr": "Iz sustava „{office}” dugo nema novosti. Ono što vidite jest stanje {as_of} i moglo se promijeniti.",
    "cs": "Ze systému „{office}“ dlouho nic nového nepřišlo. To, co vidíte, je stav {as_of} a mohlo se změnit.",
    "uk": "Від системи «{office}» давно немає новин. Ви бачите стан на {as_of}, і він міг змінитися.",
    "ro": "Din sistemul „{office}” nu a venit de mult nimic nou. Ceea ce vedeți este starea de la {as_of} și s-ar "
    "putea să se fi schimbat.",
    "sr-Cyrl": "Из система „{office}” дуго нема новости. Оно што видите је стање {as_of} и могло је да се промени.",
    "sr-Latn": "Iz sistema „{office}” dugo nema novosti. Ono što vidite je stanje {as_of} i moglo je da se promeni.",
    "en": "Nothing new has come from “{office}” for long. What you see is from {as_of} and may have changed.",
}
UNREADABLE: Texts = {
    "hr": "Dio podataka iz sustava „{office}” nismo mogli pročitati i netko se time bavi. Ono što vidite jest stanje "
    "{as_of} i možda nije sve.",
    "cs": "Část údajů ze systému „{office}“ jsme nedokázali přečíst a někdo se tím zabývá. To, co vidíte, je stav "
    "{as_of} a nemusí to být všechno.",
    "uk": "Частину даних системи «{office}» ми не змогли прочитати, цим займаються. Ви бачите стан на {as_of}, і це, "
    "можливо, не все.",
    "ro": "O parte din datele sistemului „{office}” nu am putut-o citi și cineva se ocupă. Ceea ce vedeți este starea "
    "de la {as_of} și poate nu este tot.",
    "sr-Cyrl": "Део података из система „{office}” нисмо могли да прочитамо и неко се тиме бави. Оно што видите је "
    "стање {as_of} и можда није све.",
    "sr-Latn": "Deo podataka iz sistema „{office}” nismo mogli da pročitamo i neko se time bavi. Ono što vidite je "
    "stanje {as_of} i možda nije sve.",
    "en": "A part of what “{office}” tells could not be read, and somebody sees to it. What you see is from {as_of} "
    "and may not be all.",
}
NEVER_READ: Texts = {
    "hr": "Sustav „{office}” još nismo pitali o vama.",
    "cs": "Systému „{office}“ jsme se na vás ještě nezeptali.",
    "uk": "Систему «{office}» ми ще не запитували про вас.",
    "ro": "Încă nu am întrebat sistemul „{office}” despre dumneavoastră.",
    "sr-Cyrl": "Систем „{office}” још нисмо питали о вама.",
    "sr-Latn": "Sistem „{office}” još nismo pitali o vama.",
    "en": "We have not asked “{office}” about you yet.",
}
NO_IDENTIFIER: Texts = {
    "hr": "Sustav „{office}” zna vas pod brojem koji nam niste dokazali. Prijavite se elektroničkim "
    "identitetom ili dođite na šalter.",
    "cs": "Systém „{office}“ vás zná pod číslem, které jste nám neprokázali. Přihlaste se elektronickou identitou nebo "
    "přijďte na přepážku.",
    "uk": "Система «{office}» знає вас за номером, який ви нам не підтвердили. Увійдіть за допомогою електронної "
    "ідентифікації або прийдіть до приймальні.",
    "ro": "Sistemul „{office}” vă cunoaște sub un număr pe care nu ni l-ați dovedit. Autentificați-vă cu identitatea "
    "electronică sau veniți la ghișeu.",
    "sr-Cyrl": "Систем „{office}” зна вас под бројем који нам нисте доказали. Пријавите се електронском "
    "идентификацијом или дођите на шалтер.",
    "sr-Latn": "Sistem „{office}” zna vas pod brojem koji nam niste dokazali. Prijavite se elektronskom "
    "identifikacijom ili dođite na šalter.",
    "en": "“{office}” knows you under a number that you have not proven to us. Log in with your eID, or come to the "
    "counter.",
}
WHAT_YOU_SEND: Texts = {
    "hr": "Što pošaljete, čeka i bit će dostavljeno.",
    "cs": "Co pošlete, počká a bude doručeno.",
    "uk": "Те, що ви надішлете, почекає й буде доставлено.",
    "ro": "Ce trimiteți așteaptă și va fi livrat.",
    "sr-Cyrl": "Што пошаљете, чека и биће достављено.",
    "sr-Latn": "Što pošaljete, čeka i biće dostavljeno.",
    "en": "What you send waits and will be delivered.",
}
