"""What all peers share: their memory of sales, scenarios, webhooks, and the page that is paid on.

A peer says how its gateway words things: it checks requests as strictly as the real one, and
turns what happened to a sale into webhooks. What happens to a sale is in ``acts``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import failing, page
from sandbox.cards import CARDS, Card, Outcome
from sandbox.config import Merchant
from sandbox.delivery import Courier, Message
from sandbox.peers import acts
from sandbox.peers.call import Call, Refusal, read
from sandbox.state import Happening, Sale, Scenario, State

Handler = Callable[["Desk", Call], Response]
Reader = Callable[["Desk", Call], Sale]
#: A coin that has arrived stays: no bank takes it back, and nobody charges it again.
NEVER_WITH_COINS = frozenset(
    ("authorise", "renew", "void", "cancel", "chargeback", "dispute_won", "dispute_lost")
) | {"alert", "fraud_report"}
SEE_OTHER = 303
OPEN = frozenset({"open", "pending"})


class Peer:
    """One gateway. Sub-classes give ``name``, ``calls``, ``pages`` and ``news``."""

    name: str
    #: Test cards of the gateway's own, besides those that all know.
    cards: tuple[Card, ...] = ()
    #: As a person reads it; otherwise the name.
    title = ""
    #: What the statement will show; nothing where there is no statement.
    descriptor = ""
    #: What cannot happen at this gateway.
    never: frozenset[str] = frozenset()
    #: Words on the buttons of a page without cards: what is done, by what it says.
    buttons: tuple[tuple[str, str], ...] = ()

    def calls(self) -> dict[str, Handler]:
        """Return what answers machines, by path."""
        return {}

    def pages(self) -> dict[str, Reader]:
        """Return what reads the order of a page that a person pays on, by path."""
        return {}

    def news(self, desk: Desk, sale: Sale, happening: Happening) -> Sequence[Message]:
        """Return the webhooks about what happened; empty where the gateway keeps silent."""
        raise NotImplementedError

    def back(self, desk: Desk, sale: Sale, *, approved: bool) -> str:
        """Return where the browser is sent."""
        return sale.given.get("success_url" if approved else "decline_url", "")

    def refuse(self, problem: Refusal) -> Response:
        """Return the documented answer to a call that is refused."""
        return JSONResponse(
            {"error": problem.code, "message": problem.text}, status_code=problem.status
        )

    def new_id(self, desk: Desk, kind: str) -> str:
        """Return a new id for a ``sale``, ``transaction``, ``token``, ``event`` or ``case``."""
        return str(700_000_000 + desk.state.next_serial())

    def charged(self, desk: Desk, call: Call) -> Response | None:
        """Answer a call to a page's address that needs no page: the card is known already."""
        return None

    def make(self, desk: Desk, what: str, given: Mapping[str, str]) -> dict[str, str]:
        """Make what only the gateway's own script in a browser could (a one-time token)."""
        return {}

    def routes(self) -> list[Route]:
        """Return the peer's addresses."""
        answers = {path: self._call(handler) for path, handler in self.calls().items()}
        answers |= {path: self._page(reader) for path, reader in self.pages().items()}
        return [
            Route(path, answer, methods=["GET", "POST", "PUT", "DELETE"])
            for path, answer in answers.items()
        ]

    def desk(self, request: Request) -> Desk:
        """Return the peer at work."""
        return Desk(request.app.state.memory, request.app.state.courier, self)

    def _call(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            desk = self.desk(request)
            try:
                call = await read(request)
            except Refusal as problem:
                return self.refuse(problem)
            scenario = desk.state.take_scenario(self.name, *call.words, of="fail")
            if failed := await _failed(scenario, "before", desk.state):
                return failed
            try:
                given = handler(desk, call)
            except Refusal as problem:
                given = self.refuse(problem)
            desk.state.save()
            return await _failed(scenario, "after", desk.state) or given

        return answer

    def _page(self, reader: Reader) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            desk = self.desk(request)
            call = await read(request)
            scenario = desk.state.take_scenario(self.name, *call.words, of="fail")
            if failed := await _failed(scenario, "before", desk.state):
                return failed
            cut = False
            try:
                given = self.charged(desk, call)
                if given is None:
                    given, cut = self._taken(desk, reader(desk, call), call)
            except Refusal as problem:
                given = HTMLResponse(page.refused(problem.text), status_code=400)
            desk.state.save()
            if cut and not scenario:
                scenario = Scenario(self.name, fail="hang_after")
            return await _failed(scenario, "after", desk.state) or given

        return answer

    def _taken(self, desk: Desk, sale: Sale, call: Call) -> tuple[Response, bool]:
        """Do what the person chose; return the answer, and whether it gets lost."""
        press, number = call.form.get("press", ""), call.form.get("number", "")
        if sale.status not in OPEN:
            return HTMLResponse(page.refused("This order is closed."), status_code=409), False
        if press and press != "card":
            desk.act(press, sale)
            return self._away(desk, sale, approved=press == "pay"), False
        if not number:
            return HTMLResponse(self._form(sale, call)), False
        card = acts.card_of(self, number, call.form.get("expiry", ""), call.form.get("name", ""))
        if card is None:
            html = self._form(sale, call, "Please use one of the test cards below.")
            return HTMLResponse(html, status_code=422), False
        sale.card = card
        approved = card["outcome"] in {Outcome.APPROVE, Outcome.TIMEOUT}
        desk.act("pay" if approved else "decline", sale)
        lost = card["outcome"] == Outcome.TIMEOUT
        return self._away(desk, sale, approved=approved), lost

    def _away(self, desk: Desk, sale: Sale, *, approved: bool) -> Response:
        url = self.back(desk, sale, approved=approved)
        if not url:
            return HTMLResponse(page.done(sale.status))
        return RedirectResponse(url, status_code=SEE_OTHER)

    def _form(self, sale: Sale, call: Call, problem: str = "") -> str:
        return page.pay(
            gateway=self.title or self.name.capitalize(),
            price=f"{sale.amount} {sale.currency}",
            descriptor=self.descriptor,
            action=call.target,
            hidden={name: value for name, value in call.form.items() if name not in page.TYPED},
            cards=() if self.buttons else (*self.cards, *CARDS),
            buttons=self.buttons,
            problem=problem,
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """A peer at work on the memory."""

    state: State
    courier: Courier
    peer: Peer

    @property
    def now(self) -> datetime:
        """The sandbox's time."""
        return self.state.now()

    @property
    def merchants(self) -> list[Merchant]:
        """The accounts at this gateway."""
        return [each for each in self.state.config.merchants if each.gateway == self.peer.name]

    def merchant_of(self, sale: Sale) -> Merchant:
        """Return whose sale it is."""
        return next(each for each in self.merchants if each.name == sale.merchant)

    def merchant(self, **secrets: str) -> Merchant:
        """
        Return the account by ``number`` or by values of its credentials.

        :raises Refusal: there is none, with the code ``credentials``
        """
        number = secrets.pop("number", None)
        for each in self.merchants:
            right = all(each.secrets.get(name) == value for name, value in secrets.items())
            if right and number in {None, each.number}:
                return each
        raise Refusal("credentials", "Invalid credentials.", status=401)

    def new_id(self, kind: str) -> str:
        """Return a new id of the peer's kind."""
        return self.peer.new_id(self, kind)

    def new_hex(self, length: int = 32) -> str:
        """Return hexadecimal digits that differ each time, the same for the same seed."""
        text = f"{self.peer.name} {self.state.next_serial()}"
        return hashlib.sha256(text.encode()).hexdigest()[:length]

    def open(
        self,
        merchant: Merchant,
        *,
        order: str,
        amount: str,
        currency: str,
        given: dict[str, str],
        reference: str = "",
        status: str = "open",
        again: bool = True,
    ) -> Sale:
        """Open a sale; with ``again`` a page seen a second time is the same one."""
        for sale in self.sales(merchant=merchant.name, order=order):
            same = (sale.amount, sale.currency, sale.given) == (amount, currency, given)
            if again and sale.status == "open" and same:
                return sale
        sale = Sale(
            gateway=self.peer.name,
            merchant=merchant.name,
            reference=reference or self.new_id("sale"),
            order=order,
            amount=amount,
            currency=currency,
            at=self.now.isoformat(),
            status=status,
            given=given,
        )
        self.state.sales[f"{sale.gateway}:{sale.reference}"] = sale
        return sale

    def sales(self, **narrow: str) -> list[Sale]:
        """Return the gateway's sales, oldest first, narrowed by their fields."""
        return [
            sale
            for sale in self.state.sales.values()
            if sale.gateway == self.peer.name
            and all(getattr(sale, name) == value for name, value in narrow.items())
        ]

    def sale(self, merchant: Merchant, name: str) -> Sale:
        """
        Return a merchant's sale by its reference or one of its transactions.

        :raises Refusal: it has none by this name, with the code ``not_found``
        """
        for sale in self.sales(merchant=merchant.name):
            if name and name in {sale.reference, sale.transaction}:
                return sale
        raise Refusal("not_found", "Not found.", status=404)

    def known(self, reference: str) -> Sale:
        """
        Return whoever's sale of this reference, for a page that needs no login.

        :raises Refusal: there is none
        """
        sale = self.state.sales.get(f"{self.peer.name}:{reference}")
        if sale is None:
            raise Refusal("not_found", "This page does not exist.", status=404)
        return sale

    def once(
        self, merchant: Merchant, key: str, call: Call, handler: Callable[[], Response]
    ) -> Response:
        """
        Answer a call under an idempotency key: the same again gets the same answer.

        :raises Refusal: the key was used for another body, with the code ``idempotency``
        """
        if not key:
            return handler()
        name = f"{self.peer.name}:once:{merchant.name}:{key}"
        body = hashlib.sha256(call.path.encode() + call.body).hexdigest()
        if kept := self.state.notes.get(name):
            first, status, text = kept.split(" ", 2)
            if first != body:
                raise Refusal("idempotency", "The key was used for another request.", status=422)
            return Response(text, int(status), media_type="application/json")
        answer = handler()
        self.state.notes[name] = f"{body} {answer.status_code} {bytes(answer.body).decode()}"
        return answer

    def act(self, act: str, sale: Sale, **given: str) -> Happening:
        """
        Let something happen to a sale and tell the merchant as the gateway would.

        :raises Refusal: it cannot happen to the sale as it is
        """
        if act in self.peer.never:
            raise Refusal("act", f"At {self.peer.name} there is no {act}.", status=422)
        about, happening = acts.happen(self, act, sale, given)
        self.tell(about, self.peer.news(self, about, happening))
        self.state.save()
        return happening

    def tell(self, sale: Sale, messages: Iterable[Message]) -> None:
        """Hand webhooks to the courier."""
        for message in messages:
            self.courier.hand_over(processor=self.peer.name, order=sale.order, message=message)


async def _failed(scenario: Scenario | None, moment: str, state: State) -> Response | None:
    """Return the failure that is planned for this moment, if any."""
    if scenario is None:
        return None
    if failing.is_cut(scenario, moment):
        return await failing.fail(scenario, state)
    if scenario.fail == f"code_{moment}":
        return Response(status_code=int(scenario.code or "503"))
    return None
