"""What a citizen reads about who looked at her data: roles, and what was looked at."""

from __future__ import annotations

from collections.abc import Mapping

from hub.access_log.model import ActorKind

_ROLES: Mapping[str, Mapping[str, str]] = {
    "administrator": {
        "hr": "Administrator",
        "cs": "Správce",
        "uk": "Адміністратор",
        "ro": "Administrator",
        "sr-Cyrl": "Администратор",
        "sr-Latn": "Administrator",
        "en": "Administrator",
    },
    "clerk": {
        "hr": "Službenik",
        "cs": "Úředník",
        "uk": "Посадова особа",
        "ro": "Funcționar",
        "sr-Cyrl": "Службеник",
        "sr-Latn": "Službenik",
        "en": "Clerk",
    },
    "auditor": {
        "hr": "Revizor pristupa",
        "cs": "Kontrolor přístupů",
        "uk": "Аудитор доступу",
        "ro": "Auditor al accesului",
        "sr-Cyrl": "Ревизор приступа",
        "sr-Latn": "Revizor pristupa",
        "en": "Auditor of access",
    },
    "cashier": {
        "hr": "Blagajnik",
        "cs": "Pokladník",
        "uk": "Касир",
        "ro": "Casier",
        "sr-Cyrl": "Благајник",
        "sr-Latn": "Blagajnik",
        "en": "Cashier",
    },
    "support": {
        "hr": "Tehnička podrška",
        "cs": "Technická podpora",
        "uk": "Технічна підтримка",
        "ro": "Asistență tehnică",
        "sr-Cyrl": "Техничка подршка",
        "sr-Latn": "Tehnička podrška",
        "en": "Technical support",
    },
}
_STAFF = {
    "hr": "Zaposlenik",
    "cs": "Zaměstnanec",
    "uk": "Працівник",
    "ro": "Angajat",
    "sr-Cyrl": "Запослени",
    "sr-Latn": "Zaposleni",
    "en": "Employee",
}
_SUBJECT = {
    "hr": "Osoba koja djeluje u Vaše ime",
    "cs": "Osoba, která za Vás jedná",
    "uk": "Особа, яка діє від Вашого імені",
    "ro": "Persoana care acționează în numele dumneavoastră",
    "sr-Cyrl": "Лице које поступа у Ваше име",
    "sr-Latn": "Lice koje postupa u Vaše ime",
    "en": "Somebody acting for you",
}
_PROGRAM = {
    "hr": "Tehnički upravitelj sustava",
    "cs": "Technický provozovatel systému",
    "uk": "Технічний адміністратор системи",
    "ro": "Operatorul tehnic al sistemului",
    "sr-Cyrl": "Технички руководилац система",
    "sr-Latn": "Tehnički rukovodilac sistema",
    "en": "Technical operator of the system",
}

_ACCOUNT = {
    "hr": "Vaš račun",
    "cs": "Váš účet",
    "uk": "Ваш рахунок",
    "ro": "Contul dumneavoastră",
    "sr-Cyrl": "Ваш налог",
    "sr-Latn": "Vaš nalog",
    "en": "Your account",
}
_OBLIGATIONS = {
    "hr": "Vaše obveze",
    "cs": "Vaše závazky",
    "uk": "Ваші зобов'язання",
    "ro": "Obligațiile dumneavoastră de plată",
    "sr-Cyrl": "Ваше обавезе",
    "sr-Latn": "Vaše obaveze",
    "en": "Your obligations",
}
_CASES = {
    "hr": "Vaši predmeti",
    "cs": "Vaše řízení",
    "uk": "Ваші справи",
    "ro": "Dosarele dumneavoastră",
    "sr-Cyrl": "Ваши предмети",
    "sr-Latn": "Vaši predmeti",
    "en": "Your cases",
}
_MESSAGE = {
    "hr": "Neobrađena poruka koja se možda odnosi na Vas",
    "cs": "Nezpracovaná zpráva, která se Vás možná týká",
    "uk": "Необроблене повідомлення, яке може стосуватися Вас",
    "ro": "Un mesaj neprelucrat care vă poate privi",
    "sr-Cyrl": "Необрађена порука која се можда односи на Вас",
    "sr-Latn": "Neobrađena poruka koja se možda odnosi na Vas",
    "en": "A message that could not be processed and may concern you",
}
_LOG = {
    "hr": "Popis pristupa Vašim podacima",
    "cs": "Přehled přístupů k Vašim údajům",
    "uk": "Перелік доступів до Ваших даних",
    "ro": "Lista accesărilor datelor dumneavoastră",
    "sr-Cyrl": "Списак приступа Вашим подацима",
    "sr-Latn": "Spisak pristupa Vašim podacima",
    "en": "The list of who looked at your data",
}
_EVERYTHING = {
    "hr": "Svi Vaši podaci",
    "cs": "Všechny Vaše údaje",
    "uk": "Усі Ваші дані",
    "ro": "Toate datele dumneavoastră",
    "sr-Cyrl": "Сви Ваши подаци",
    "sr-Latn": "Svi Vaši podaci",
    "en": "All your data",
}
_ERASURE = {
    "hr": "Vaš zahtjev za brisanje",
    "cs": "Vaše žádost o výmaz",
    "uk": "Ваш запит на видалення",
    "ro": "Cererea dumneavoastră de ștergere",
    "sr-Cyrl": "Ваш захтев за брисање",
    "sr-Latn": "Vaš zahtev za brisanje",
    "en": "Your request to be erased",
}
_LOGIN = {
    "hr": "Vaši podaci za prijavu",
    "cs": "Vaše přihlašovací údaje",
    "uk": "Ваші дані для входу",
    "ro": "Datele dumneavoastră de autentificare",
    "sr-Cyrl": "Ваши подаци за пријаву",
    "sr-Latn": "Vaši podaci za prijavu",
    "en": "Your login data",
}
_PAYMENTS = {
    "hr": "Vaša plaćanja",
    "cs": "Vaše platby",
    "uk": "Ваші платежі",
    "ro": "Plățile dumneavoastră",
    "sr-Cyrl": "Ваша плаћања",
    "sr-Latn": "Vaša plaćanja",
    "en": "Your payments",
}
_STATEMENT = {
    "hr": "Stavka bankovnog izvoda koja se odnosi na Vas",
    "cs": "Položka bankovního výpisu, která se Vás týká",
    "uk": "Запис банківської виписки, який стосується Вас",
    "ro": "O înregistrare dintr-un extras de cont care vă privește",
    "sr-Cyrl": "Ставка банковног извода која се односи на Вас",
    "sr-Latn": "Stavka bankovnog izvoda koja se odnosi na Vas",
    "en": "An entry of a bank statement that concerns you",
}
_SENT = {
    "hr": "Ono što ste poslali uredu",
    "cs": "Co jste poslali úřadu",
    "uk": "Те, що Ви надіслали установі",
    "ro": "Ce ați trimis instituției",
    "sr-Cyrl": "Оно што сте послали органу",
    "sr-Latn": "Ono što ste poslali organu",
    "en": "What you sent to an office",
}
_REQUESTS = {
    "hr": "Vaše prijave problema",
    "cs": "Vaše hlášení závad",
    "uk": "Ваші повідомлення про проблеми",
    "ro": "Sesizările dumneavoastră",
    "sr-Cyrl": "Ваше пријаве проблема",
    "sr-Latn": "Vaše prijave problema",
    "en": "Your reports of problems",
}
_CONTACT = {
    "hr": "Vaši podaci za kontakt",
    "cs": "Vaše kontaktní údaje",
    "uk": "Ваші контактні дані",
    "ro": "Datele dumneavoastră de contact",
    "sr-Cyrl": "Ваши подаци за контакт",
    "sr-Latn": "Vaši podaci za kontakt",
    "en": "Your contact details",
}
_DATA = {
    "hr": "Vaši podaci",
    "cs": "Vaše údaje",
    "uk": "Ваші дані",
    "ro": "Datele dumneavoastră",
    "sr-Cyrl": "Ваши подаци",
    "sr-Latn": "Vaši podaci",
    "en": "Your data",
}

_OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "read_account": _ACCOUNT,
    "refresh": _ACCOUNT,
    "list_obligations": _OBLIGATIONS,
    "read_obligation": _OBLIGATIONS,
    "read_transfer": _OBLIGATIONS,
    "read_transfer_code": _OBLIGATIONS,
    "read_transfer_slip": _OBLIGATIONS,
    "read_transfer_file": _OBLIGATIONS,
    "list_cases": _CASES,
    "read_case": _CASES,
    "list_payments": _PAYMENTS,
    "read_payment": _PAYMENTS,
    "create_payment": _PAYMENTS,
    "cancel_payment": _PAYMENTS,
    "begin_attempt": _PAYMENTS,
    "read_any_payment": _PAYMENTS,
    "read_attempt": _PAYMENTS,
    "attempt_brought_nothing": _PAYMENTS,
    "read_gateway_message": _PAYMENTS,
    "pay_at_counter": _PAYMENTS,
    "take_counter_money_back": _PAYMENTS,
    "allocate_money": _PAYMENTS,
    "take_allocation_back": _PAYMENTS,
    "ask_refund": _PAYMENTS,
    "decide_refund": _PAYMENTS,
    "settle_refund": _PAYMENTS,
    "book_chargeback": _PAYMENTS,
    "win_chargeback": _PAYMENTS,
    "read_statement_entry": _STATEMENT,
    "confirm_statement_entry": _STATEMENT,
    "reassign_statement_entry": _STATEMENT,
    "undo_statement_entry": _STATEMENT,
    "take_statement_entry_back": _STATEMENT,
    "confirm_payout": _STATEMENT,
    "set_statement_entry_aside": _STATEMENT,
    "reopen_statement_entry": _STATEMENT,
    "open_submission": _SENT,
    "answer_case": _SENT,
    "list_submissions": _SENT,
    "read_submission": _SENT,
    "upload_attachment": _SENT,
    "read_attachment": _SENT,
    "read_delivery_values": _SENT,
    "edit_delivery": _SENT,
    "report_problem": _REQUESTS,
    "list_requests": _REQUESTS,
    "read_request": _REQUESTS,
    "list_problem_categories": _REQUESTS,
    "read_contact_details": _CONTACT,
    "change_contact_details": _CONTACT,
    "read_dead_letter_body": _MESSAGE,
    "read_dead_letter": _MESSAGE,
    "correct_dead_letter": _MESSAGE,
    "list_affected_subjects": _MESSAGE,
    "list_access_log": _LOG,
    "audit_access_log": _LOG,
    "export_personal_data": _EVERYTHING,
    "list_erasures": _ERASURE,
    "decide_erasure": _ERASURE,
    "read_erasure": _ERASURE,
    "register_person": _LOGIN,
    "recover_password": _LOGIN,
}


def what(operation: str) -> Mapping[str, str]:
    """What was looked at; of an operation without a text of its own, that it was data of hers."""
    return _OPERATIONS.get(operation, _DATA)


def who(kind: ActorKind, role: str | None) -> Mapping[str, str]:
    """Who looked, where it was no program of others."""
    if kind is ActorKind.SUBJECT:
        return _SUBJECT
    return _ROLES.get(role or "", _STAFF) if kind is ActorKind.STAFF else _PROGRAM
