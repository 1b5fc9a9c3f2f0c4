// Stands in for NMI's Collect.js: its own frames in the shop's page, a one-time token out of them.
// The names are those of https://docs.nmi.com/docs/collectjs [M: from memory, no live account].
"use strict";
(() => {
  const script = document.currentScript;
  const host = new URL(script.src).origin;
  const frames = {};
  let settings = {};
  let timer = null;
  window.CollectJS = {
    configure(given) {
      settings = given;
      let missing = Object.keys(given.fields).length;
      for (const [name, field] of Object.entries(given.fields)) {
        const frame = document.createElement("iframe");
        const isWallet = name === "applePay" || name === "googlePay";
        const look = new URLSearchParams({
          name, placeholder: field.placeholder || "", title: field.title || name,
          button: isWallet ? `Pay ${given.price} ${given.currency} with ${name}` : "",
          key: script.dataset.tokenizationKey,
          dark: matchMedia("(prefers-color-scheme: dark)").matches ? "1" : "",
        });
        frame.name = `collect-${name}`;
        frame.addEventListener("load", () => {
          missing -= 1;
          if (!missing) settings.fieldsAvailableCallback?.();
        });
        frame.title = field.title || name;
        frame.src = `${host}/nmi/token/field?${look}`;
        document.querySelector(field.selector).replaceChildren(frame);
        frames[name] = frame;
      }
    },
    startPaymentRequest() {
      clearTimeout(timer);
      timer = setTimeout(() => settings.timeoutCallback?.(), settings.timeoutDuration || 10000);
      frames.ccnumber.contentWindow.postMessage(
        { ask: "token", key: script.dataset.tokenizationKey }, host);
    },
  };
  window.addEventListener("message", ({ origin, data }) => {
    if (origin !== host || !data) return;
    if (data.field) settings.validationCallback?.(data.field, data.valid, data.why);
    if (data.token) {
      clearTimeout(timer);
      settings.callback({ token: data.token, card: data.card, tokenType: data.wallet || "inline" });
    }
  });
})();
