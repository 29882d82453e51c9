"""A running hub, as its doors and jobs see it: the services of one process, opened once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from hub.accounts.service import AccountService
from hub.back_offices.service import FeedService
from hub.blobs.scanner import Scanner
from hub.bootstrap.plug_ins import bank_statement_formats
from hub.bootstrap.towns import Towns, open_towns
from hub.cities import service as cities
from hub.contact_details.model import KINDS as CONTACT_KINDS
from hub.contact_details.service import ContactService
from hub.contracts.service import ContractService
from hub.delivery.service import DeliveryService
from hub.figures.service import FigureService
from hub.gateways.service import GatewayService
from hub.grants.introspection import Introspection
from hub.grants.service import Grants
from hub.intake.door_watch import DoorWatch
from hub.intake.files import FileIntake
from hub.intake.service import Intake
from hub.kernel.clock import Clock, SystemClock
from hub.kernel.courtesy import Courtesy
from hub.kit.secrets import find_secret
from hub.logins.linking import Linking
from hub.logins.logouts import Logouts
from hub.logins.service import LoginService
from hub.matters.service import MatterService
from hub.passwords.counter import Counter
from hub.passwords.passkeys import Passkeys
from hub.passwords.second_factors import SecondFactors
from hub.passwords.service import PasswordService
from hub.payments.service import PaymentService
from hub.postings.service import PostingService
from hub.reconciliation.service import ReconciliationService
from hub.requests.model import KINDS as REQUEST_KINDS
from hub.requests.service import RequestService
from hub.sessions.service import SessionService
from hub.settings import Settings
from hub.statements.service import StatementService
from hub.storage.database import Database
from hub.storage.vault import MasterKeys, Vault
from hub.submissions.model import KINDS as SUBMISSION_KINDS
from hub.submissions.service import SubmissionService
from hub.tokens.keys import SigningKeys
from hub.tokens.service import Tokens


@dataclass(frozen=True, repr=False)  # of all towns and keys it would be a long one, and asyncio makes some
class Hub:
    """Open one with `open_api` or `open_worker`, and `close` it."""

    settings: Settings
    clock: Clock
    courtesy: Courtesy
    database: Database
    vault: Vault
    towns: Towns
    tokens: Tokens
    sessions: SessionService
    logins: LoginService
    logouts: Logouts
    linking: Linking
    grants: Grants
    introspection: Introspection
    passwords: PasswordService
    second_factors: SecondFactors
    passkeys: Passkeys
    counter: Counter
    accounts: AccountService
    feeds: FeedService
    intake: Intake
    files: FileIntake
    doors: DoorWatch
    contracts: ContractService
    deliveries: DeliveryService
    postings: PostingService
    payments: PaymentService
    gateways: GatewayService
    statements: StatementService
    reconciliation: ReconciliationService
    submissions: SubmissionService
    requests: RequestService
    contacts: ContactService
    scanner: Scanner
    figures: FigureService

    async def close(self) -> None:
        self.passwords.close()
        await self.towns.close()
        await self.database.close()


async def open_api(settings: Settings, url: str, *, clock: Clock | None = None) -> Hub:
    """For the API: the app role, no connectors."""
    return await _open(settings, url, connect=False, clock=clock or SystemClock(), size=8)


async def open_worker(settings: Settings, url: str, *, connect: bool = True, clock: Clock | None = None) -> Hub:
    """For jobs and commands: the worker role; new towns get their row and keys. `connect`: with connectors."""
    hub = await _open(settings, url, connect=connect, clock=clock or SystemClock(), size=16)
    try:
        towns = hub.towns
        configured = (town.city for town in towns.by_slug.values())
        await cities.prepare(hub.database, hub.vault, configured, {*towns.by_slug, *towns.broken})
    except BaseException:
        await hub.close()
        raise
    return hub


async def _open(settings: Settings, url: str, *, connect: bool, clock: Clock, size: int) -> Hub:
    master = MasterKeys.load(settings.master_key, create=settings.embedded)
    towns = open_towns(settings, connect=connect)
    try:
        database = await Database.open(url, size=size)
    except BaseException:
        await towns.close()
        raise
    vault = Vault(master)
    sessions = SessionService(database, vault, clock)
    courtesy = Courtesy()

    async def in_force(city_id: int, grant_id: UUID) -> bool:
        return await grants.in_force(city_id, grant_id)

    tokens = Tokens.load(
        settings.token_key,
        clock,
        keys=SigningKeys(database, vault, clock),
        issuer=lambda city: settings.address_of(city.slug, city.hosts),
        in_force=in_force,
    )
    grants = Grants(database, clock, tokens, sessions, partial(find_secret, folder=settings.secrets))
    passwords = PasswordService(database, vault, clock)
    deliveries = DeliveryService(clock)
    postings = PostingService(deliveries, clock)
    payments = PaymentService(database, vault, clock, postings)
    statements = StatementService(database, vault, clock, bank_statement_formats())
    matters = MatterService(deliveries, clock, (*SUBMISSION_KINDS, *REQUEST_KINDS, *CONTACT_KINDS))
    return Hub(
        settings=settings,
        clock=clock,
        courtesy=courtesy,
        database=database,
        vault=vault,
        towns=towns,
        tokens=tokens,
        sessions=sessions,
        logins=LoginService(database, vault, sessions, clock),
        logouts=Logouts(database, vault, sessions, clock),
        linking=Linking(database, vault, clock),
        grants=grants,
        introspection=Introspection(database, clock, tokens),
        passwords=passwords,
        second_factors=SecondFactors(database, vault, clock),
        passkeys=Passkeys(database, vault, clock),
        counter=Counter(database, vault, clock, passwords),
        accounts=AccountService(database, clock),
        feeds=FeedService(database, vault, clock),
        intake=Intake(database, vault, clock, courtesy),
        files=FileIntake(database, vault, clock, courtesy),
        doors=DoorWatch(database, clock, courtesy),
        contracts=ContractService(database, vault, clock),
        deliveries=deliveries,
        postings=postings,
        payments=payments,
        gateways=GatewayService(database, vault, clock, payments),
        statements=statements,
        reconciliation=ReconciliationService(database, vault, clock, payments, statements),
        submissions=SubmissionService(database, vault, clock, matters),
        requests=RequestService(database, vault, clock, matters),
        contacts=ContactService(database, vault, clock, matters),
        scanner=Scanner.of(settings.scanner),
        figures=FigureService(database, towns, clock),
    )
