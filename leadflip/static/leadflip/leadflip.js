"use strict";
// What pages share. Each piece finds its elements by a data attribute, and a page without JavaScript does its main act without it.

const closest = (event, selector) => event.target instanceof Element ? event.target.closest(selector) : null;

document.addEventListener("click", (event) => {
  const opener = closest(event, "[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog instanceof HTMLDialogElement) { event.preventDefault(); dialog.showModal(); }
    return;
  }
  const closer = closest(event, "[data-closes]");
  if (closer) { event.preventDefault(); closer.closest("dialog")?.close(); return; }
  const toggler = closest(event, "[data-toggles]");
  if (toggler) {
    const open = document.getElementById(toggler.dataset.toggles)?.classList.toggle("is-open") ?? false;
    toggler.setAttribute("aria-expanded", String(open));
    return;
  }
  const copier = closest(event, "[data-copies]");
  if (copier) {
    const source = document.getElementById(copier.dataset.copies);
    navigator.clipboard?.writeText(source?.value ?? source?.textContent ?? "").then(() => {
      const said = copier.textContent; copier.textContent = "Copied"; setTimeout(() => { copier.textContent = said; }, 1500);
    });
    return;
  }
  if (event.target instanceof HTMLDialogElement) event.target.close();
  const sidebar = document.querySelector(".sidebar.is-open");
  if (sidebar && !sidebar.contains(event.target)) {
    sidebar.classList.remove("is-open");
    document.querySelector("[data-toggles=sidebar]")?.setAttribute("aria-expanded", "false");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !(event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]"))) {
    const search = document.querySelector("[data-hotkey='/']");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

// An act that asks first, and has no dialog of its own, gets one with the act's own name on its button.
const agreed = new WeakSet();
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (!question || agreed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const dialog = document.createElement("dialog");
  const said = document.createElement("p");
  const act = document.createElement("button");
  const back = document.createElement("button");
  const row = document.createElement("div");
  said.textContent = question;
  said.id = "question";
  dialog.setAttribute("aria-labelledby", said.id);
  dialog.className = "asks";
  act.className = submitter?.classList.contains("button-danger") ? "button button-danger" : "button button-primary";
  act.textContent = submitter?.textContent.trim() || "Yes";
  back.className = "button";
  back.textContent = "Back";
  row.className = "form-actions";
  row.append(act, back);
  dialog.append(said, row);
  act.addEventListener("click", () => { dialog.close(); agreed.add(form); form.requestSubmit(submitter); });
  back.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}, true);

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
});

// A refused form is taken up where its first fault is.
document.addEventListener("DOMContentLoaded", () => document.querySelector("main [aria-invalid='true']")?.focus());

// A dialog that is in the page because it was asked for opens by itself.
const openNew = (root) => root.querySelectorAll?.("dialog[data-open]").forEach((dialog) => { if (!dialog.open) dialog.showModal(); });
document.addEventListener("DOMContentLoaded", () => openNew(document));
document.addEventListener("htmx:afterSettle", (event) => openNew(event.target));
// An answer that refuses is shown where the form stands.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([400, 403, 409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
