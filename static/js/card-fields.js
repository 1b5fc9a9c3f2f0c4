// The card processor's own script (Collect.js) fills its fields into this page and hands back a
// one-time token; the number never comes near this file. https://docs.nmi.com/docs/collectjs
"use strict";

const form = document.querySelector("[data-card-fields]");
const trouble = form?.querySelector("[data-trouble]");
const button = form?.querySelector("button[type=submit]");
const WORDS = {
  ccnumber: "Check the card number.",
  ccexp: "Check the date the card is good until.",
  cvv: "Check the security code: three or four digits on the card.",
};
const wrong = new Set();
let waiting = null;

function say(text) {
  trouble.textContent = text;
  trouble.hidden = !text;
  if (text) {
    clearInterval(waiting);
    button.removeAttribute("aria-disabled");
  }
}

// Buttons of telephones' wallets, where they are switched on: what the script calls them, and we.
const WALLETS = { applepay: "applePay", googlepay: "googlePay" };
const buttons = {};
for (const place of form?.querySelectorAll("[data-wallet]") ?? []) {
  buttons[WALLETS[place.id]] = { selector: `#${place.id}` };
}

// Before its fields are there, the processor hears of no payment. Where it does not say that they
// are, the button waits no longer than this.
const FIELDS_WAIT = 5000;
function ready() {
  if (waiting === null) button.removeAttribute("aria-disabled");
}

if (form && window.CollectJS) {
  button.setAttribute("aria-disabled", "true");
  setTimeout(ready, FIELDS_WAIT);
  CollectJS.configure({
    fieldsAvailableCallback: ready,
    variant: "inline",
    price: form.dataset.price,
    currency: form.dataset.currency,
    country: "US",
    fields: {
      ...buttons,
      ccnumber: { selector: "#card-number", title: "Card number", placeholder: "0000 0000 0000 0000" },
      ccexp: { selector: "#card-expiry", title: "Good until", placeholder: "MM / YY" },
      cvv: { selector: "#card-code", title: "Security code", placeholder: "CVV", display: "show" },
    },
    validationCallback: (field, valid) => {
      if (valid) wrong.delete(field);
      else wrong.add(field);
    },
    timeoutDuration: 15000,
    timeoutCallback: () => say([...wrong].map((field) => WORDS[field]).join(" ") ||
      "The card processor does not answer. Nothing was charged; try again."),
    callback: (answer) => {
      form.elements.token.value = answer.token;
      const wallet = Object.entries(WALLETS).find(([, name]) => name === answer.tokenType);
      form.elements.wallet.value = wallet ? wallet[0] : "";
      form.submit();
    },
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    say("");
    button.setAttribute("aria-disabled", "true");
    // Fields that are wrong keep the processor silent: say so before its time is out.
    waiting = setInterval(() => {
      if (wrong.size) say([...wrong].map((field) => WORDS[field]).join(" "));
    }, 1500);
    CollectJS.startPaymentRequest(event);
  }, { capture: true });
} else if (form) {
  say("The card processor's fields could not be loaded. Nothing was charged. Reload the page, or pay another way.");
  form.addEventListener("submit", (event) => event.preventDefault(), { capture: true });
}
