/* What HTML and htmx cannot do by themselves. Every page works without this file.
   No eval and no inline handlers: the content security policy allows neither. */

(() => {
  "use strict";

  const FAST = 20_000; // results of an open vote
  const SLOW = 60_000; // the bell
  const TOAST_LIFE = 8_000;
  const body = document.body;
  const toasts = document.getElementById("toasts");


  /* Polling. Elements say hx-trigger="portal:tick from:body"; we say when, and only while somebody can see the page.
     The jitter of 20 % keeps pages that were opened together from asking together. */

  const fire = (name) => body.dispatchEvent(new CustomEvent(name));

  const tick = (name, period) => {
    const jittered = period * (0.8 + Math.random() * 0.4);
    setTimeout(() => {
      if (!document.hidden) fire(name);
      tick(name, period);
    }, jittered);
  };
  tick("portal:tick", FAST);
  tick("portal:slow", SLOW);

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    fire("portal:tick");
    fire("portal:slow");
  });

  const isPoll = (event) => event.detail.requestConfig?.triggeringEvent?.type.startsWith("portal:") ?? false;

  // A swap would take the focus away from somebody who is on a link inside: skip this round.
  body.addEventListener("htmx:beforeRequest", (event) => {
    if (isPoll(event) && event.detail.elt.contains(document.activeElement)) event.preventDefault();
  });


  /* Toasts leave by themselves, but not while the pointer or the focus is on them. */

  const retire = (toast) => {
    if (toast.matches(":hover, :focus-within")) setTimeout(retire, TOAST_LIFE / 2, toast);
    else toast.remove();
  };
  const arm = (toast) => {
    if (toast.dataset.armed) return;
    toast.dataset.armed = "yes";
    setTimeout(retire, TOAST_LIFE, toast);
  };
  const armAll = () => toasts.querySelectorAll(".toast").forEach(arm);

  if (toasts) {
    armAll();
    new MutationObserver(armAll).observe(toasts, { childList: true });
  }


  /* A request that failed must say so, unless it was a poll: the next round makes up for that. */

  const sayItFailed = (event) => {
    if (!toasts || isPoll(event)) return;
    const toast = document.createElement("div");
    const words = document.createElement("p");
    toast.className = "toast error";
    words.textContent = toasts.dataset.failed;
    toast.append(words);
    toasts.append(toast);
  };
  body.addEventListener("htmx:sendError", sayItFailed);
  body.addEventListener("htmx:responseError", sayItFailed);
  body.addEventListener("htmx:timeout", sayItFailed);


  /* Menus are <details>: close them on Escape and on a click elsewhere. */

  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });


  /* What asked for the focus has had it. htmx may move it into later swaps: it must not ask again. */

  body.addEventListener("focusin", (event) => event.target.removeAttribute("autofocus"));


  /* "Cancel" takes a form away that was fetched, and gives the focus back to what fetched it. */

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-dismiss]");
    const form = link && document.getElementById(link.dataset.dismiss);
    if (!form) return;
    event.preventDefault();
    form.remove();
    document.getElementById(link.dataset.back)?.focus();
  });


  /* The phone's "Vote now" pill steps aside while the vote card is on screen, and goes once the vote is cast. */

  const pill = document.querySelector(".votebar");

  if (pill) {
    const watcher = new IntersectionObserver(([entry]) => pill.classList.toggle("seen", entry.isIntersecting));
    const watch = () => {
      const card = document.getElementById("vote");
      watcher.disconnect();
      if (card?.querySelector("[name=step]")) watcher.observe(card);
      else pill.remove();
    };
    watch();
    body.addEventListener("htmx:afterSwap", watch);
  }


  /* "Show" beside a password: the button's two words are in the page, so that they are translated. */

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveal]");
    if (!button) return;
    const input = document.getElementById(button.dataset.reveal);
    const shown = button.firstChild.data;
    input.type = input.type === "password" ? "text" : "password";
    button.firstChild.data = button.dataset.other;
    button.dataset.other = shown;
  });


  /* "Back" may bring a page as it was left, from the browser's memory: fetch it anew, for votes and comments have gone on.
     But words that somebody has typed are theirs: then only what polls is brought up to date. */

  const isTouched = (field) =>
    /^(checkbox|radio)$/.test(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  const typed = () => [...document.querySelectorAll("textarea, input:not([type=hidden])")].some(isTouched);

  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    if (!typed()) location.reload();
    fire("portal:tick");
    fire("portal:slow");
  });


  /* After a full page load with mistakes, start reading at the summary of them. */

  document.querySelector(".errsum")?.focus();
})();
