"""What a citizen reads with her data and about a request to be erased."""

from __future__ import annotations

from collections.abc import Mapping

from hub.personal_data.requests import State

NOTE: Mapping[str, str] = {
    "hr": "Ovo su svi Vaši podaci koje drži ovaj sustav, u trenutku izrade. Zapisi gradskih ureda su ovdje "
    "onakvi kakve je ured poslao; što još o Vama vodi pojedini ured, pitajte taj ured. Što i zašto nije "
    "navedeno, stoji pod `not_given`.",
    "cs": "Toto jsou všechny údaje o Vás, které tento systém vede, ve chvíli vytvoření. Záznamy úřadu jsou zde "
    "tak, jak je úřad předal; co o Vás vede dále, sdělí příslušný odbor. Co zde není a proč, je uvedeno v"
    " `not_given`.",
    "uk": "Це всі дані про Вас, які зберігає ця система, на момент створення. Записи міських служб наведено "
    "так, як їх передала служба; що ще вона веде про Вас, запитуйте у неї. Чого тут немає і чому, "
    "зазначено в `not_given`.",
    "ro": "Acestea sunt toate datele despre dumneavoastră păstrate de acest sistem, la momentul întocmirii. "
    "Înregistrările serviciilor primăriei apar așa cum le-au transmis; ce mai păstrează un serviciu, "
    "întrebați acel serviciu. Ce lipsește și de ce se află la `not_given`.",
    "sr-Cyrl": "Ово су сви Ваши подаци које држи овај систем, у тренутку израде. Записи градских служби су овде "
    "онакви какве је служба послала; шта још о Вама води поједина служба, питајте ту службу. Шта није "
    "наведено и зашто, стоји под `not_given`.",
    "sr-Latn": "Ovo su svi Vaši podaci koje drži ovaj sistem, u trenutku izrade. Zapisi gradskih službi su ovde "
    "onakvi kakve je služba poslala; šta još o Vama vodi pojedina služba, pitajte tu službu. Šta nije "
    "navedeno i zašto, stoji pod `not_given`.",
    "en": "These are all data about you that this system holds, at the moment this was made. Records of the "
    "town's offices are as the office sent them; ask that office what else it keeps about you. What is "
    "not here, and why, is said under `not_given`.",
}

STATES: Mapping[State, Mapping[str, str]] = {
    State.OPEN: {
        "hr": "Zahtjev je zaprimljen. Odgovor ćete dobiti najkasnije do navedenog dana. Prijave i veze s Vama "
        "brišu se; zapisi koje grad mora čuvati po zakonu ostaju u uredima.",
        "cs": "Žádost byla přijata. Odpověď dostanete nejpozději v uvedený den. Přihlášení a vazby na Vás budou"
        " vymazány; záznamy, které město musí vést ze zákona, zůstávají na úřadu.",
        "uk": "Запит прийнято. Відповідь Ви отримаєте не пізніше зазначеного дня. Дані для входу та зв'язки з "
        "Вами буде видалено; записи, які місто зобов'язане зберігати за законом, залишаються у службах.",
        "ro": "Cererea a fost primită. Veți primi răspunsul cel târziu în ziua indicată. Autentificările și "
        "legăturile cu dumneavoastră se șterg; înregistrările pe care primăria trebuie să le păstreze "
        "prin lege rămân la servicii.",
        "sr-Cyrl": "Захтев је примљен. Одговор ћете добити најкасније до наведеног дана. Пријаве и везе са Вама се "
        "бришу; записи које град мора да чува по закону остају у службама.",
        "sr-Latn": "Zahtev je primljen. Odgovor ćete dobiti najkasnije do navedenog dana. Prijave i veze sa Vama se "
        "brišu; zapisi koje grad mora da čuva po zakonu ostaju u službama.",
        "en": "Your request was received. You get an answer on the day named at the latest. Logins and what "
        "links data to you are erased; records that the town must keep by law stay with its offices.",
    },
    State.GRANTED: {
        "hr": "Zahtjev je odobren i upravo se provodi.",
        "cs": "Žádosti bylo vyhověno a právě se provádí.",
        "uk": "Запит схвалено і зараз виконується.",
        "ro": "Cererea a fost aprobată și se execută acum.",
        "sr-Cyrl": "Захтев је одобрен и управо се спроводи.",
        "sr-Latn": "Zahtev je odobren i upravo se sprovodi.",
        "en": "Your request was granted and is being carried out.",
    },
    State.REFUSED: {
        "hr": "Zahtjev je odbijen iz navedenog razloga. Možete podnijeti prigovor nadzornom tijelu za zaštitu "
        "podataka i tražiti sudsku zaštitu.",
        "cs": "Žádost byla z uvedeného důvodu odmítnuta. Můžete podat stížnost u dozorového úřadu pro ochranu "
        "údajů a žádat o soudní ochranu.",
        "uk": "У запиті відмовлено із зазначеної причини. Ви можете подати скаргу до органу нагляду за захистом"
        " даних і звернутися до суду.",
        "ro": "Cererea a fost respinsă din motivul indicat. Puteți depune o plângere la autoritatea de "
        "supraveghere a protecției datelor și vă puteți adresa instanței.",
        "sr-Cyrl": "Захтев је одбијен из наведеног разлога. Можете поднети притужбу надзорном органу за заштиту "
        "података и тражити судску заштиту.",
        "sr-Latn": "Zahtev je odbijen iz navedenog razloga. Možete podneti pritužbu nadzornom organu za zaštitu "
        "podataka i tražiti sudsku zaštitu.",
        "en": "Your request was refused for the reason given. You may complain to the supervisory authority for"
        " data protection and seek a judicial remedy.",
    },
    State.ERASED: {
        "hr": "Zahtjev je proveden.",
        "cs": "Žádost byla provedena.",
        "uk": "Запит виконано.",
        "ro": "Cererea a fost executată.",
        "sr-Cyrl": "Захтев је спроведен.",
        "sr-Latn": "Zahtev je sproveden.",
        "en": "Your request was carried out.",
    },
}
"""A refusal says where to complain (GDPR art. 12(4))."""
