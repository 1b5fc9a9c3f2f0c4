// Small comforts; every page works without this file.
"use strict";

// Times are written in UTC; show them in the reader's zone. The exact UTC time stays in the title.
for (const time of document.querySelectorAll("time[datetime][data-local]")) {
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "medium",
    timeStyle: "short",
  }).format(new Date(time.dateTime));
}

// Days of a subscription begin where its fan lives: the server reads the zone from this.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${encodeURIComponent(zone)}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

// A second click sends nothing. (A second request would do no harm either: forms carry a key.)
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button[type=submit]")) {
      button.setAttribute("aria-disabled", "true");
    }
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) {
      button.removeAttribute("aria-disabled");
    }
  }
});

// Typing an own amount chooses "Other"; leaving a menu closes it.
for (const group of document.querySelectorAll(".chips-group")) {
  const other = group.querySelector("input[value=other]");
  other?.addEventListener("change", () => group.querySelector(".other input")?.focus());
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A payment under way: look quietly, and reload only when its state has changed.
const watched = document.querySelector("[data-watch]");
if (watched) {
  const look = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !(await answer.text()).includes(`data-watch="${watched.dataset.watch}"`)) {
      location.reload();
    }
  };
  setInterval(() => look().catch(() => {}), 4000);
}
