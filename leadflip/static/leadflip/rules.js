"use strict";
// The rule builder and the order of partners. All of it helps; none of it is needed.
(() => {
  const at = (event, selector) => event.target instanceof Element ? event.target.closest(selector) : null;

  // ---- lists: Enter takes what is typed among the values; pasted lines become values of their own
  document.addEventListener("keydown", (event) => {
    const box = at(event, "[data-chip-add]");
    if (!box) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (box.value.trim()) box.parentElement.querySelector("[data-chip-take]")?.click();
    } else if (event.key === "Backspace" && !box.value) {
      const drops = box.parentElement.querySelectorAll(".chip button");
      drops[drops.length - 1]?.click();
    }
  });
  document.addEventListener("paste", (event) => {
    const box = at(event, "[data-chip-add]");
    const text = event.clipboardData?.getData("text") ?? "";
    if (!box || !/[\r\n\t]/.test(text)) return;
    event.preventDefault();
    box.setRangeText(text.trim().replace(/[\r\n\t]+/g, ", "), box.selectionStart, box.selectionEnd, "end");
    box.parentElement.querySelector("[data-chip-take]")?.click();
  });

  // ---- what is typed while an answer is on its way is still there when it has come
  const builder = () => document.getElementById("rule-builder");
  const texts = () => new Map([...builder().querySelectorAll("input[id], textarea[id]")].map((box) => [box.id, box.value]));
  let sent = new Map();
  let typed = new Map();
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.target === builder() && builder()) sent = texts(); });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!builder() || event.detail.target !== builder()) return;
    const moves = event.detail.requestConfig.elt.value?.startsWith("remove:");
    typed = moves ? new Map() : new Map([...texts()].filter(([id, text]) => sent.has(id) && sent.get(id) !== text));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!builder() || event.detail.target !== builder()) return;
    typed.forEach((text, id) => {
      const box = document.getElementById(id);
      const taken = sent.get(id);
      if (box) box.value = box.matches("[data-chip-add]") && text.startsWith(taken) ? text.slice(taken.length) : text;
    });
    typed.clear();
  });

  // ---- the dialog shows the newest lead at once; a lead that is chosen puts the typed id out of the way
  document.addEventListener("click", (event) => {
    if (at(event, "[data-opens=trial]")) document.querySelector("#trial form")?.requestSubmit();
  });
  document.addEventListener("DOMContentLoaded", () => {
    const dialog = document.querySelector("#trial[open]");
    if (dialog) { dialog.close(); dialog.showModal(); }
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "trial-lead") document.getElementById("trial-id").value = "";
  }, true);

  // ---- partners sorted by drag; by keyboard and without JavaScript there are the arrows
  let dragged = null;
  let before = "";
  const order = (body) => [...body.querySelectorAll("[data-sorts]")].map((row) => row.dataset.sorts).join(",");
  document.addEventListener("pointerdown", (event) => {
    const row = at(event, "[data-grip]")?.closest("[data-sorts]");
    if (row) row.draggable = true;
  });
  document.addEventListener("pointerup", () => document.querySelectorAll("[data-sorts][draggable]").forEach((row) => row.removeAttribute("draggable")));
  document.addEventListener("dragstart", (event) => {
    dragged = at(event, "[data-sorts]");
    if (!dragged) return;
    before = order(dragged.parentElement);
    dragged.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && at(event, "[data-sorts]");
    if (!over || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (over !== dragged) over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
  });
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    const row = dragged;
    dragged = null;
    row.classList.remove("is-dragged");
    row.removeAttribute("draggable");
    const now = order(row.parentElement);
    if (now === before) return;
    const form = document.getElementById("order-form");
    const act = document.createElement("input");
    act.type = "hidden"; act.name = "do"; act.value = "order";
    form.elements.order.value = now;
    form.append(act);
    form.submit();
  });
})();
