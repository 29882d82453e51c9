"""What a citizen reads of what she has sent: where it stands and what has happened, in her language.

Texts name the back office as the town calls it (`{office}`), the number it gave (`{number}`) and a time (`{since}`).
Each says whose turn it is or that there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, str]

WAITING: Texts = {
    "hr": "Sačuvano je kod nas i čeka na slanje u sustav „{office}”. Ne trebate ništa učiniti.",
    "cs": "Máme to uložené a čeká to na odeslání do systému „{office}“. Nemusíte nic dělat.",
    "uk": "Збережено в нас і чекає на надсилання до системи «{office}». Вам нічого не потрібно робити.",
    "ro": "Este păstrat la noi și așteaptă trimiterea în sistemul „{office}”. Nu trebuie să faceți nimic.",
    "sr-Cyrl": "Сачувано је код нас и чека на слање у систем „{office}”. Не треба ништа да предузимате.",
    "sr-Latn": "Sačuvano je kod nas i čeka na slanje u sistem „{office}”. Ne treba ništa da preduzimate.",
    "en": "We have kept it, and it waits to be sent to “{office}”. You need not do anything.",
}
SENDING: Texts = {
    "hr": "Upravo se šalje u sustav „{office}”.",
    "cs": "Právě se odesílá do systému „{office}“.",
    "uk": "Саме зараз надсилається до системи «{office}».",
    "ro": "Se trimite chiar acum în sistemul „{office}”.",
    "sr-Cyrl": "Управо се шаље у систем „{office}”.",
    "sr-Latn": "Upravo se šalje u sistem „{office}”.",
    "en": "It is being sent to “{office}”.",
}
NOT_ANSWERING: Texts = {
    "hr": "Sustav gradske uprave „{office}” ne odgovara od {since}. Vaša je poruka sačuvana i poslat ćemo je čim "
    "proradi. Ne trebate ništa učiniti.",
    "cs": "Systém úřadu „{office}“ neodpovídá od {since}. Vaše podání máme uložené a odešleme je, jakmile bude znovu "
    "fungovat. Nemusíte nic dělat.",
    "uk": "Система міської ради «{office}» не відповідає з {since}. Ваше звернення збережено, ми надішлемо його, "
    "щойно вона запрацює. Вам нічого не потрібно робити.",
    "ro": "Sistemul primăriei „{office}” nu răspunde din {since}. Mesajul dumneavoastră este păstrat și îl trimitem "
    "de îndată ce funcționează din nou. Nu trebuie să faceți nimic.",
    "sr-Cyrl": "Систем градске управе „{office}” не одговара од {since}. Ваша порука је сачувана и послаћемо је чим "
    "проради. Не треба ништа да предузимате.",
    "sr-Latn": "Sistem gradske uprave „{office}” ne odgovara od {since}. Vaša poruka je sačuvana i poslaćemo je čim "
    "proradi. Ne treba ništa da preduzimate.",
    "en": "The town hall's system “{office}” has not answered since {since}. What you sent is kept, and we will send "
    "it as soon as it works again. You need not do anything.",
}
RECEIVED: Texts = {
    "hr": "Zaprimljeno u sustavu „{office}” pod brojem {number}.",
    "cs": "Přijato v systému „{office}“ pod číslem {number}.",
    "uk": "Отримано в системі «{office}» за номером {number}.",
    "ro": "Primit în sistemul „{office}” cu numărul {number}.",
    "sr-Cyrl": "Примљено у систему „{office}” под бројем {number}.",
    "sr-Latn": "Primljeno u sistemu „{office}” pod brojem {number}.",
    "en": "Received by “{office}” under the number {number}.",
}
RECEIVED_IN_PART: Texts = {
    "hr": "Zaprimljeno u sustavu „{office}” pod brojem {number}; ostatak se još šalje.",
    "cs": "Přijato v systému „{office}“ pod číslem {number}; zbytek se ještě odesílá.",
    "uk": "Отримано в системі «{office}» за номером {number}; решта ще надсилається.",
    "ro": "Primit în sistemul „{office}” cu numărul {number}; restul încă se trimite.",
    "sr-Cyrl": "Примљено у систему „{office}” под бројем {number}; остатак се још шаље.",
    "sr-Latn": "Primljeno u sistemu „{office}” pod brojem {number}; ostatak se još šalje.",
    "en": "Received by “{office}” under the number {number}; the rest is still being sent.",
}
KNOWN: Texts = {
    "hr": "Zaprimljeno u sustavu „{office}”.",
    "cs": "Přijato v systému „{office}“.",
    "uk": "Отримано в системі «{office}».",
    "ro": "Primit în sistemul „{office}”.",
    "sr-Cyrl": "Примљено у систему „{office}”.",
    "sr-Latn": "Primljeno u sistemu „{office}”.",
    "en": "Received by “{office}”.",
}
IN_DOUBT: Texts = {
    "hr": "Nije sigurno je li sustav „{office}” to primio. To provjerava službenik gradske uprave; nemojte slati "
    "ponovno.",
    "cs": "Není jisté, zda to systém „{office}“ přijal. Ověřuje to pracovník úřadu; neposílejte to prosím znovu.",
    "uk": "Невідомо, чи система «{office}» це отримала. Це перевіряє працівник міської ради; не надсилайте ще раз.",
    "ro": "Nu este sigur că sistemul „{office}” a primit mesajul. Un funcționar al primăriei verifică; nu trimiteți "
    "din nou.",
    "sr-Cyrl": "Није сигурно да ли је систем „{office}” то примио. Проверава службеник градске управе; немојте слати "
    "поново.",
    "sr-Latn": "Nije sigurno da li je sistem „{office}” to primio. Proverava službenik gradske uprave; nemojte slati "
    "ponovo.",
    "en": "It is not certain whether “{office}” has received it. Somebody at the town hall is looking; please do not "
    "send it again.",
}
REFUSED: Texts = {
    "hr": "Sustav „{office}” to nije prihvatio u ovom obliku. Službenik gradske uprave to pregledava i javit će se "
    "ako nešto treba od Vas.",
    "cs": "Systém „{office}“ to v této podobě nepřijal. Pracovník úřadu to prověřuje a ozve se, bude-li od Vás něco "
    "potřebovat.",
    "uk": "Система «{office}» не прийняла це в такому вигляді. Працівник міської ради переглядає це і звернеться, "
    "якщо щось буде потрібно від Вас.",
    "ro": "Sistemul „{office}” nu a acceptat mesajul în această formă. Un funcționar al primăriei îl verifică și vă "
    "contactează dacă este nevoie de ceva de la dumneavoastră.",
    "sr-Cyrl": "Систем „{office}” то није прихватио у овом облику. Службеник градске управе то прегледа и јавиће се "
    "ако нешто треба од Вас.",
    "sr-Latn": "Sistem „{office}” to nije prihvatio u ovom obliku. Službenik gradske uprave to pregleda i javiće se "
    "ako nešto treba od Vas.",
    "en": "“{office}” did not accept it in this form. Somebody at the town hall is looking at it, and will get in "
    "touch if anything is needed from you.",
}
REFUSED_FIELD: Texts = {
    "hr": "Sustav „{office}” to nije prihvatio zbog polja „{field}”. Službenik gradske uprave to pregledava i javit "
    "će se ako nešto treba od Vas.",
    "cs": "Systém „{office}“ to nepřijal kvůli poli „{field}“. Pracovník úřadu to prověřuje a ozve se, bude-li od Vás "
    "něco potřebovat.",
    "uk": "Система «{office}» не прийняла це через поле «{field}». Працівник міської ради переглядає це і звернеться, "
    "якщо щось буде потрібно від Вас.",
    "ro": "Sistemul „{office}” nu a acceptat mesajul din cauza câmpului „{field}”. Un funcționar al primăriei îl "
    "verifică și vă contactează dacă este nevoie de ceva de la dumneavoastră.",
    "sr-Cyrl": "Систем „{office}” то није прихватио због поља „{field}”. Службеник градске управе то прегледа и "
    "јавиће се ако нешто треба од Вас.",
    "sr-Latn": "Sistem „{office}” to nije prihvatio zbog polja „{field}”. Službenik gradske uprave to pregleda i "
    "javiće se ako nešto treba od Vas.",
    "en": "“{office}” did not accept it because of the field “{field}”. Somebody at the town hall is looking at it, "
    "and will get in touch if anything is needed from you.",
}
DISCARDED: Texts = {
    "hr": "Službenik gradske uprave odlučio je da se dalje ne šalje u sustav „{office}”. Razlog Vam može reći gradska "
    "uprava.",
    "cs": "Pracovník úřadu rozhodl, že se do systému „{office}“ dál neodesílá. Důvod Vám sdělí úřad.",
    "uk": "Працівник міської ради вирішив далі не надсилати це до системи «{office}». Причину може повідомити міська "
    "рада.",
    "ro": "Un funcționar al primăriei a decis ca mesajul să nu mai fie trimis în sistemul „{office}”. Motivul vi-l "
    "poate spune primăria.",
    "sr-Cyrl": "Службеник градске управе одлучио је да се даље не шаље у систем „{office}”. Разлог Вам може рећи "
    "градска управа.",
    "sr-Latn": "Službenik gradske uprave odlučio je da se dalje ne šalje u sistem „{office}”. Razlog Vam može reći "
    "gradska uprava.",
    "en": "Somebody at the town hall decided that it is not sent to “{office}” any more. The town hall can tell you "
    "why.",
}
# What follows has a number there already; the rest of it (a document, say) is what the sentence is about.
IN_DOUBT_IN_PART: Texts = {
    "hr": "Zaprimljeno u sustavu „{office}” pod brojem {number}. Nije sigurno je li stigao i ostatak, na primjer "
    "prilog. To provjerava službenik gradske uprave; nemojte slati ponovno.",
    "cs": "Přijato v systému „{office}“ pod číslem {number}. Není jisté, zda dorazil i zbytek, například příloha. "
    "Ověřuje to pracovník úřadu; neposílejte to prosím znovu.",
    "uk": "Отримано в системі «{office}» за номером {number}. Невідомо, чи надійшла решта, наприклад додаток. Це "
    "перевіряє працівник міської ради; не надсилайте ще раз.",
    "ro": "Primit în sistemul „{office}” cu numărul {number}. Nu este sigur că a ajuns și restul, de exemplu o anexă. "
    "Un funcționar al primăriei verifică; nu trimiteți din nou.",
    "sr-Cyrl": "Примљено у систему „{office}” под бројем {number}. Није сигурно да ли је стигао и остатак, на пример "
    "прилог. Проверава службеник градске управе; немојте слати поново.",
    "sr-Latn": "Primljeno u sistemu „{office}” pod brojem {number}. Nije sigurno da li je stigao i ostatak, na primer "
    "prilog. Proverava službenik gradske uprave; nemojte slati ponovo.",
    "en": "Received by “{office}” under the number {number}. It is not certain whether the rest has arrived, such as a "
    "document. Somebody at the town hall is looking; please do not send it again.",
}
REFUSED_IN_PART: Texts = {
    "hr": "Zaprimljeno u sustavu „{office}” pod brojem {number}. Ostatak, na primjer prilog, nije prihvaćen u ovom "
    "obliku. Službenik gradske uprave to pregledava i javit će se ako nešto treba od Vas.",
    "cs": "Přijato v systému „{office}“ pod číslem {number}. Zbytek, například přílohu, systém v této podobě nepřijal. "
    "Pracovník úřadu to prověřuje a ozve se, bude-li od Vás něco potřebovat.",
    "uk": "Отримано в системі «{office}» за номером {number}. Решту, наприклад додаток, не прийнято в такому вигляді. "
    "Працівник міської ради переглядає це і звернеться, якщо щось буде потрібно від Вас.",
    "ro": "Primit în sistemul „{office}” cu numărul {number}. Restul, de exemplu o anexă, nu a fost acceptat în "
    "această formă. Un funcționar al primăriei verifică și vă contactează dacă este nevoie de ceva de la "
    "dumneavoastră.",
    "sr-Cyrl": "Примљено у систему „{office}” под бројем {number}. Остатак, на пример прилог, није прихваћен у овом "
    "облику. Службеник градске управе то прегледа и јавиће се ако нешто треба од Вас.",
    "sr-Latn": "Primljeno u sistemu „{office}” pod brojem {number}. Ostatak, na primer prilog, nije prihvaćen u ovom "
    "obliku. Službenik gradske uprave to pregleda i javiće se ako nešto treba od Vas.",
    "en": "Received by “{office}” under the number {number}. The rest, such as a document, was not accepted in this "
    "form. Somebody at the town hall is looking at it, and will get in touch if anything is needed from you.",
}
DISCARDED_IN_PART: Texts = {
    "hr": "Zaprimljeno u sustavu „{office}” pod brojem {number}. Službenik gradske uprave odlučio je da se ostatak ne "
    "šalje. Razlog Vam može reći gradska uprava.",
    "cs": "Přijato v systému „{office}“ pod číslem {number}. Pracovník úřadu rozhodl, že se zbytek neodešle. Důvod Vám "
    "sdělí úřad.",
    "uk": "Отримано в системі «{office}» за номером {number}. Працівник міської ради вирішив не надсилати решту. "
    "Причину може повідомити міська рада.",
    "ro": "Primit în sistemul „{office}” cu numărul {number}. Un funcționar al primăriei a decis ca restul să nu fie "
    "trimis. Motivul vi-l poate spune primăria.",
    "sr-Cyrl": "Примљено у систему „{office}” под бројем {number}. Службеник градске управе одлучио је да се остатак "
    "не шаље. Разлог Вам може рећи градска управа.",
    "sr-Latn": "Primljeno u sistemu „{office}” pod brojem {number}. Službenik gradske uprave odlučio je da se ostatak "
    "ne šalje. Razlog Vam može reći gradska uprava.",
    "en": "Received by “{office}” under the number {number}. Somebody at the town hall decided that the rest is not "
    "sent. The town hall can tell you why.",
}
KEPT_HERE: Texts = {
    "hr": "Sačuvano. Nijedan drugi sustav gradske uprave za to ne treba znati.",
    "cs": "Uloženo. Žádný jiný systém úřadu o tom vědět nemusí.",
    "uk": "Збережено. Жодній іншій системі міської ради знати про це не потрібно.",
    "ro": "Păstrat. Niciun alt sistem al primăriei nu trebuie să afle.",
    "sr-Cyrl": "Сачувано. Ниједан други систем градске управе за то не треба да зна.",
    "sr-Latn": "Sačuvano. Nijedan drugi sistem gradske uprave za to ne treba da zna.",
    "en": "Kept. No other system of the town hall needs to know.",
}
SENT: Texts = {
    "hr": "Poslali ste, i sačuvano je kod nas.",
    "cs": "Odeslali jste to a máme to uložené.",
    "uk": "Ви надіслали, і це збережено в нас.",
    "ro": "Ați trimis, iar mesajul este păstrat la noi.",
    "sr-Cyrl": "Послали сте, и сачувано је код нас.",
    "sr-Latn": "Poslali ste, i sačuvano je kod nas.",
    "en": "You sent it, and we have kept it.",
}
GOES_ON: Texts = {
    "hr": "Službenik gradske uprave je pregledao, i slanje se nastavlja.",
    "cs": "Pracovník úřadu to prověřil a odesílání pokračuje.",
    "uk": "Працівник міської ради переглянув, і надсилання продовжується.",
    "ro": "Un funcționar al primăriei a verificat, iar trimiterea continuă.",
    "sr-Cyrl": "Службеник градске управе је прегледао, и слање се наставља.",
    "sr-Latn": "Službenik gradske uprave je pregledao, i slanje se nastavlja.",
    "en": "Somebody at the town hall has looked at it, and it is sent on.",
}
ARRIVED: Texts = {
    "hr": "Sve je stiglo.",
    "cs": "Vše dorazilo.",
    "uk": "Усе надійшло.",
    "ro": "Totul a ajuns.",
    "sr-Cyrl": "Све је стигло.",
    "sr-Latn": "Sve je stiglo.",
    "en": "Everything has arrived.",
}
ANSWER: Texts = {
    "hr": "Odgovor na predmet",
    "cs": "Odpověď k věci",
    "uk": "Відповідь у справі",
    "ro": "Răspuns la dosar",
    "sr-Cyrl": "Одговор на предмет",
    "sr-Latn": "Odgovor na predmet",
    "en": "Answer on a case",
}
CONTACT: Texts = {
    "hr": "Promjena podataka za kontakt",
    "cs": "Změna kontaktních údajů",
    "uk": "Зміна контактних даних",
    "ro": "Modificarea datelor de contact",
    "sr-Cyrl": "Промена података за контакт",
    "sr-Latn": "Promena podataka za kontakt",
    "en": "Change of contact details",
}
