"""What a payer reads of a payment: where it stands, and what became of money that was given or taken back.

Amounts are written for the reader (`{amount}`).
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.payments.states import RefundState, State

Texts = Mapping[str, str]

STATES: Mapping[State, Texts] = {
    State.OPEN: {
        "hr": "Još nije plaćeno.",
        "cs": "Zatím nezaplaceno.",
        "uk": "Ще не сплачено.",
        "ro": "Încă neplătit.",
        "sr-Cyrl": "Још није плаћено.",
        "sr-Latn": "Još nije plaćeno.",
        "en": "Not paid yet.",
    },
    State.STARTED: {
        "hr": "Plaćanje je započeto. Ako ste ga prekinuli, nastavite ga ili pričekajte da istekne.",
        "cs": "Platba byla zahájena. Pokud jste ji přerušili, pokračujte v ní, nebo počkejte, až vyprší.",
        "uk": "Оплату розпочато. Якщо Ви її перервали, продовжте її або зачекайте, доки її час мине.",
        "ro": "Plata a început. Dacă ați întrerupt-o, continuați-o sau așteptați să expire.",
        "sr-Cyrl": "Плаћање је започето. Ако сте га прекинули, наставите га или сачекајте да истекне.",
        "sr-Latn": "Plaćanje je započeto. Ako ste ga prekinuli, nastavite ga ili sačekajte da istekne.",
        "en": "The payment has begun. If you broke it off, go on with it, or wait until its time is over.",
    },
    State.PROCESSING: {
        "hr": "Plaćanje se obrađuje. Nemojte plaćati ponovno; javit ćemo čim banka odgovori.",
        "cs": "Platba se zpracovává. Neplaťte prosím znovu; ukážeme výsledek, jakmile banka odpoví.",
        "uk": "Оплата обробляється. Не платіть ще раз; ми покажемо результат, щойно банк відповість.",
        "ro": "Plata este în curs de procesare. Nu plătiți din nou; arătăm rezultatul imediat ce banca răspunde.",
        "sr-Cyrl": "Плаћање се обрађује. Немојте плаћати поново; јавићемо чим банка одговори.",
        "sr-Latn": "Plaćanje se obrađuje. Nemojte plaćati ponovo; javićemo čim banka odgovori.",
        "en": "The payment is being processed. Do not pay again; we show the result as soon as the bank answers.",
    },
    State.PART_PAID: {
        "hr": "Plaćen je dio.",
        "cs": "Zaplacena je část.",
        "uk": "Сплачено частину.",
        "ro": "O parte este plătită.",
        "sr-Cyrl": "Плаћен је део.",
        "sr-Latn": "Plaćen je deo.",
        "en": "A part is paid.",
    },
    State.PAID: {
        "hr": "Plaćeno.",
        "cs": "Zaplaceno.",
        "uk": "Сплачено.",
        "ro": "Plătit.",
        "sr-Cyrl": "Плаћено.",
        "sr-Latn": "Plaćeno.",
        "en": "Paid.",
    },
    State.RETURNED: {
        "hr": "Plaćeno i vraćeno.",
        "cs": "Zaplaceno a vráceno.",
        "uk": "Сплачено й повернено.",
        "ro": "Plătit și restituit.",
        "sr-Cyrl": "Плаћено и враћено.",
        "sr-Latn": "Plaćeno i vraćeno.",
        "en": "Paid, and given back.",
    },
    State.CHARGED_BACK: {
        "hr": "Vaša banka je povukla ovu uplatu. Dug je opet otvoren.",
        "cs": "Vaše banka tuto platbu vzala zpět. Dluh je znovu otevřený.",
        "uk": "Ваш банк відкликав цей платіж. Борг знову відкритий.",
        "ro": "Banca dumneavoastră a retras această plată. Datoria este din nou deschisă.",
        "sr-Cyrl": "Ваша банка је повукла ову уплату. Дуг је поново отворен.",
        "sr-Latn": "Vaša banka je povukla ovu uplatu. Dug je ponovo otvoren.",
        "en": "Your bank has taken this payment back. What you owe is open again.",
    },
    State.WITHDRAWN: {
        "hr": "Uplata je ovdje bila proknjižena greškom ili ju je banka poništila. Više Vam može reći gradska uprava.",
        "cs": "Platba zde byla zaúčtována omylem, nebo ji banka zrušila. Více Vám sdělí úřad.",
        "uk": "Платіж зараховано сюди помилково, або банк його скасував. Докладніше розповість міська рада.",
        "ro": "Plata a fost înregistrată aici din greșeală sau banca a anulat-o. Mai mult vă poate spune primăria.",
        "sr-Cyrl": "Уплата је овде прокњижена грешком или ју је банка поништила. Више Вам може рећи градска управа.",
        "sr-Latn": "Uplata je ovde proknjižena greškom ili ju je banka poništila. Više Vam može reći gradska uprava.",
        "en": "The money was booked here by mistake, or the bank reversed it. The town hall can tell you more.",
    },
    State.CANCELLED: {
        "hr": "Odustali ste od ovog plaćanja. Ništa nije naplaćeno.",
        "cs": "Od této platby jste ustoupili. Nic nebylo strženo.",
        "uk": "Ви відмовилися від цієї оплати. Нічого не списано.",
        "ro": "Ați renunțat la această plată. Nu s-a încasat nimic.",
        "sr-Cyrl": "Одустали сте од овог плаћања. Ништа није наплаћено.",
        "sr-Latn": "Odustali ste od ovog plaćanja. Ništa nije naplaćeno.",
        "en": "You gave this payment up. Nothing was taken.",
    },
    State.EXPIRED: {
        "hr": "Rok za ovo plaćanje je istekao. Ništa nije naplaćeno; možete započeti novo.",
        "cs": "Čas na tuto platbu vypršel. Nic nebylo strženo; můžete začít novou.",
        "uk": "Час на цю оплату минув. Нічого не списано; можна розпочати нову.",
        "ro": "Timpul pentru această plată a expirat. Nu s-a încasat nimic; puteți începe una nouă.",
        "sr-Cyrl": "Рок за ово плаћање је истекао. Ништа није наплаћено; можете започети ново.",
        "sr-Latn": "Rok za ovo plaćanje je istekao. Ništa nije naplaćeno; možete započeti novo.",
        "en": "The time for this payment is over. Nothing was taken; you can begin a new one.",
    },
}

UNALLOCATED: Texts = {
    "hr": "Od toga {amount} nije potrebno. Gradska uprava će to vratiti ili uračunati u drugo.",
    "cs": "{amount} z toho není potřeba. Úřad to vrátí nebo započte na jiné.",
    "uk": "З цього {amount} не потрібні. Міська рада поверне їх або зарахує на інше.",
    "ro": "Din această sumă nu sunt necesari {amount}. Primăria îi restituie sau îi ia în calcul pentru altceva.",
    "sr-Cyrl": "Од тога {amount} није потребно. Градска управа ће то вратити или урачунати у друго.",
    "sr-Latn": "Od toga {amount} nije potrebno. Gradska uprava će to vratiti ili uračunati u drugo.",
    "en": "{amount} of it is not needed. The town hall will give it back, or count it for something else.",
}

SETTLED: Texts = {
    "hr": "Ono za što je ova uplata u međuvremenu je plaćeno na drugi način ili se sada duguje manje: nemojte to"
    " platiti ovdje. Što još treba platiti, vidite u svojem korisničkom računu.",
    "cs": "To, za co je tato platba, bylo mezitím zaplaceno jinak, nebo se teď dluží méně: neplaťte to zde."
    " Co ještě zbývá zaplatit, uvidíte ve svém účtu.",
    "uk": "Те, за що цей платіж, тим часом сплачено іншим способом або борг тепер менший: не сплачуйте його тут."
    " Що ще треба сплатити, подивіться у Вашому кабінеті.",
    "ro": "Ceea ce se plătește aici a fost plătit între timp pe altă cale sau acum se datorează mai puțin: nu plătiți"
    " aici. Ce mai este de plătit vedeți în contul dumneavoastră.",
    "sr-Cyrl": "Оно за шта је ова уплата у међувремену је плаћено на други начин или се сада дугује мање: немојте то"
    " да платите овде. Шта још треба платити, видите на свом налогу.",
    "sr-Latn": "Ono za šta je ova uplata u međuvremenu je plaćeno na drugi način ili se sada duguje manje: nemojte to"
    " da platite ovde. Šta još treba platiti, vidite na svom nalogu.",
    "en": "What this is for was paid another way meanwhile, or less of it is owed now: do not pay it here."
    " Your account shows what is still to be paid.",
}

_ANOTHER_WAY: Texts = {
    "hr": "Povrat {amount} tim putem nije uspio. Gradska uprava će ga vratiti drugim putem.",
    "cs": "Vrácení {amount} touto cestou se nezdařilo. Úřad je vrátí jinak.",
    "uk": "Повернути {amount} цим шляхом не вдалося. Міська рада поверне їх інакше.",
    "ro": "Restituirea a {amount} pe această cale nu a reușit. Primăria o face pe altă cale.",
    "sr-Cyrl": "Повраћај {amount} тим путем није успео. Градска управа ће га вратити другим путем.",
    "sr-Latn": "Povraćaj {amount} tim putem nije uspeo. Gradska uprava će ga vratiti drugim putem.",
    "en": "Giving {amount} back that way did not work. The town hall will do it another way.",
}

REFUNDS: Mapping[RefundState, Texts] = {
    RefundState.ASKED: {
        "hr": "Odlučuje se o povratu {amount}.",
        "cs": "Rozhoduje se o vrácení {amount}.",
        "uk": "Вирішується повернення {amount}.",
        "ro": "Se decide restituirea a {amount}.",
        "sr-Cyrl": "Одлучује се о повраћају {amount}.",
        "sr-Latn": "Odlučuje se o povraćaju {amount}.",
        "en": "Giving {amount} back is being decided.",
    },
    RefundState.APPROVED: {
        "hr": "{amount} se vraća.",
        "cs": "{amount} se vrací.",
        "uk": "{amount} повертається.",
        "ro": "{amount} se restituie.",
        "sr-Cyrl": "{amount} се враћа.",
        "sr-Latn": "{amount} se vraća.",
        "en": "{amount} is being given back.",
    },
    RefundState.SENT: {
        "hr": "{amount} je na putu natrag.",
        "cs": "{amount} je na cestě zpět.",
        "uk": "{amount} на шляху назад.",
        "ro": "{amount} este pe drum înapoi.",
        "sr-Cyrl": "{amount} је на путу назад.",
        "sr-Latn": "{amount} je na putu nazad.",
        "en": "{amount} is on its way back.",
    },
    RefundState.IN_DOUBT: {
        "hr": "Nije sigurno je li {amount} vraćeno. Službenik gradske uprave to provjerava.",
        "cs": "Není jisté, zda bylo {amount} vráceno. Ověřuje to pracovník úřadu.",
        "uk": "Невідомо, чи повернено {amount}. Це перевіряє працівник міської ради.",
        "ro": "Nu este sigur că {amount} au fost restituiți. Un funcționar al primăriei verifică.",
        "sr-Cyrl": "Није сигурно да ли је {amount} враћено. Проверава службеник градске управе.",
        "sr-Latn": "Nije sigurno da li je {amount} vraćeno. Proverava službenik gradske uprave.",
        "en": "It is not certain whether {amount} was given back. Somebody at the town hall is looking.",
    },
    RefundState.DONE: {
        "hr": "{amount} je vraćeno.",
        "cs": "{amount} bylo vráceno.",
        "uk": "{amount} повернено.",
        "ro": "{amount} au fost restituiți.",
        "sr-Cyrl": "{amount} је враћено.",
        "sr-Latn": "{amount} je vraćeno.",
        "en": "{amount} was given back.",
    },
    RefundState.REFUSED: _ANOTHER_WAY,
    RefundState.CAME_BACK: _ANOTHER_WAY,
    RefundState.DECLINED: {
        "hr": "{amount} se ne vraća. Razlog Vam može reći gradska uprava.",
        "cs": "{amount} se nevrací. Důvod Vám sdělí úřad.",
        "uk": "{amount} не повертається. Причину може повідомити міська рада.",
        "ro": "{amount} nu se restituie. Motivul vi-l poate spune primăria.",
        "sr-Cyrl": "{amount} се не враћа. Разлог Вам може рећи градска управа.",
        "sr-Latn": "{amount} se ne vraća. Razlog Vam može reći gradska uprava.",
        "en": "{amount} is not given back. The town hall can tell you why.",
    },
}

TAKEN: Texts = {
    "hr": "Vaša je banka povukla {amount}. Gradska uprava Vam može reći što još treba platiti.",
    "cs": "Vaše banka vzala zpět {amount}. Co je ještě třeba zaplatit, Vám sdělí úřad.",
    "uk": "Ваш банк відкликав {amount}. Що ще треба сплатити, підкаже міська рада.",
    "ro": "Banca dumneavoastră a retras {amount}. Primăria vă poate spune ce mai este de plătit.",
    "sr-Cyrl": "Ваша банка је повукла {amount}. Градска управа Вам може рећи шта још треба платити.",
    "sr-Latn": "Vaša banka je povukla {amount}. Gradska uprava Vam može reći šta još treba platiti.",
    "en": "Your bank took {amount} back. The town hall can tell you what is still to be paid.",
}
WON: Texts = {
    "hr": "Vaša je banka povukla {amount}, pa vratila.",
    "cs": "Vaše banka vzala zpět {amount} a pak je vrátila.",
    "uk": "Ваш банк відкликав {amount}, а потім повернув.",
    "ro": "Banca dumneavoastră a retras {amount}, apoi le-a returnat.",
    "sr-Cyrl": "Ваша банка је повукла {amount}, па вратила.",
    "sr-Latn": "Vaša banka je povukla {amount}, pa vratila.",
    "en": "Your bank took {amount} back, and then returned it.",
}
