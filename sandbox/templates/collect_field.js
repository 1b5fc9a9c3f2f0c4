// One field of the stand-in for Collect.js. The frames are of one origin, so the number's frame
// reads its sisters; the shop's page cannot.
"use strict";
const FORMS = { ccnumber: /^[0-9 ]{12,23}$/, ccexp: /^\d\d\s*\/\s*\d\d$/, cvv: /^\d{3,4}$/ };
const ask = new URLSearchParams(location.search);
const name = ask.get("name");
const input = document.querySelector("input");
const create = async (card, key, wallet) => {
  const body = new URLSearchParams({ card, tokenization_key: key });
  const made = await (await fetch("/nmi/token/create", { method: "POST", body })).json();
  if (made.token) parent.postMessage({ token: made.token, card: {}, wallet }, "*");
  else parent.postMessage({ field: "ccnumber", valid: false, why: made.message }, "*");
};
if (ask.get("button")) {
  const button = document.createElement("button");
  button.textContent = ask.get("button");
  button.addEventListener("click", () => create("4111111111111111", ask.get("key"), name));
  input.replaceWith(button);
}
input.placeholder = ask.get("placeholder");
input.setAttribute("aria-label", ask.get("title"));
input.autocomplete = { ccnumber: "cc-number", ccexp: "cc-exp", cvv: "cc-csc" }[name];
document.documentElement.classList.toggle("dark", ask.get("dark") === "1");
const tell = () => {
  const valid = FORMS[name].test(input.value.trim());
  parent.postMessage({ field: name, valid, why: valid ? "" : "Field is empty or wrong" }, "*");
  return valid;
};
const other = (which) => parent.frames[`collect-${which}`].document.querySelector("input").value;
input.addEventListener("blur", tell);
window.addEventListener("message", async ({ data }) => {
  if (name !== "ccnumber" || data?.ask !== "token") return;
  const all = Object.keys(FORMS).map((which) => {
    const valid = FORMS[which].test(other(which).trim());
    parent.postMessage({ field: which, valid }, "*");
    return valid;
  });
  if (!all.every(Boolean)) return;
  await create(input.value.replaceAll(" ", ""), data.key, "");
});
