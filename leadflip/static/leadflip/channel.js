"use strict";
// The form of a channel: fields offered after {{, faults at their fields while typing, fields sorted by drag. All of it helps; none of it is needed.
(() => {
  const form = () => document.getElementById("channel-form");
  const isTemplate = (element) => element instanceof Element && element.matches("[data-template]");
  let lastTemplate = null;
  let offers = null; // { list, field, from, names, at }

  // ---- unsaved changes
  const markUnsaved = () => { const note = document.querySelector("[data-unsaved]"); if (note) note.hidden = false; };

  // ---- fields offered after {{
  const names = () => [...document.querySelectorAll("#template-names [data-inserts]")].map((one) => ({ name: one.dataset.inserts, label: one.dataset.label }));

  const close = () => {
    if (!offers) return;
    offers.list.remove();
    offers.field.removeAttribute("aria-activedescendant");
    offers.field.removeAttribute("aria-controls");
    offers = null;
  };

  const choose = (at) => {
    offers.at = at;
    [...offers.list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    const chosen = offers.list.children[at];
    chosen.scrollIntoView({ block: "nearest" });
    offers.field.setAttribute("aria-activedescendant", chosen.id);
  };

  const write = (field, from, to, text) => {
    field.focus();
    field.setRangeText(text, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const accept = () => {
    const { field, from, names: found, at } = offers;
    const rest = field.value.slice(field.selectionStart);
    const end = /^\s*\}\}/.test(rest) ? "" : " }}";
    const lead = /\s$/.test(field.value.slice(0, from)) ? "" : " ";
    const to = field.selectionStart;
    close();
    write(field, from, to, lead + found[at].name + end);
    close();
  };

  // Under the line that is being written, but never outside of the field.
  const below = (field, written) => {
    const bottom = field.offsetTop + field.offsetHeight + 4;
    if (field.tagName !== "TEXTAREA") return bottom;
    const height = parseFloat(getComputedStyle(field).lineHeight) || 18;
    return Math.min(bottom, field.offsetTop + 8 + written.split("\n").length * height - field.scrollTop + 4);
  };

  const offer = (field) => {
    const written = field.value.slice(0, field.selectionStart);
    const open = /\{\{\s*([\w.]*)$/.exec(written);
    close();
    if (!open) return;
    const begun = open[1].toLowerCase();
    const found = names().filter((one) => one.name.toLowerCase().includes(begun) || one.label.toLowerCase().includes(begun)).slice(0, 50);
    if (!found.length || (found.length === 1 && found[0].name === open[1])) return;
    const list = document.createElement("ul");
    list.className = "offers"; list.id = `${field.id}-offers`; list.setAttribute("role", "listbox"); list.setAttribute("aria-label", "Fields");
    found.forEach((one, place) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${place}`; item.setAttribute("role", "option");
      const name = document.createElement("span"); name.className = "mono"; name.textContent = one.name;
      const label = document.createElement("span"); label.className = "offer-label"; label.textContent = one.label;
      item.append(name, label);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(place); accept(); });
      list.append(item);
    });
    field.parentElement.classList.add("has-offers");
    field.after(list);
    field.setAttribute("aria-controls", list.id); field.setAttribute("aria-autocomplete", "list");
    list.style.top = `${below(field, written)}px`;
    offers = { list, field, from: field.selectionStart - open[1].length, names: found, at: 0 };
    choose(0);
  };

  document.addEventListener("input", (event) => {
    if (!event.target.form || event.target.form !== form()) return;
    if (event.target.id !== "lead-choice") markUnsaved();
    if (isTemplate(event.target)) { lastTemplate = event.target; offer(event.target); }
  });
  document.addEventListener("focusin", (event) => {
    if (isTemplate(event.target)) lastTemplate = event.target;
    if (offers && event.target !== offers.field) close();
  });
  document.addEventListener("keydown", (event) => {
    if (!offers || event.target !== offers.field) return;
    const many = offers.names.length;
    if (event.key === "ArrowDown") choose((offers.at + 1) % many);
    else if (event.key === "ArrowUp") choose((offers.at + many - 1) % many);
    else if (event.key === "Enter" || event.key === "Tab") accept();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });

  // ---- a click on a name writes it where one was typing last; on a faulty line, goes there
  document.addEventListener("click", (event) => {
    const chip = event.target instanceof Element && event.target.closest("[data-inserts]");
    if (chip) {
      const field = lastTemplate?.isConnected ? lastTemplate : [...document.querySelectorAll("[data-template]")].find((one) => one.offsetParent);
      if (field) write(field, field.selectionStart, field.selectionEnd, `{{ ${chip.dataset.inserts} }}`);
      close();
    }
  });

  // ---- faults of the draft, at their fields
  const place = () => {
    document.querySelectorAll("[data-live-error]").forEach((one) => one.remove());
    document.querySelectorAll("[data-live-invalid]").forEach((one) => { one.removeAttribute("aria-invalid"); one.removeAttribute("data-live-invalid"); one.closest(".field")?.classList.remove("has-error"); });
    document.querySelectorAll("#preview .draft-faults li").forEach((fault) => {
      if (!fault.dataset.for || "missing" in fault.dataset) return;
      const control = form()?.elements.namedItem(fault.dataset.for);
      if (!(control instanceof HTMLElement)) return;
      const field = control.closest(".field") ?? control.parentElement;
      if (field.querySelector(".error:not([data-live-error])")) return;
      const error = document.createElement("p");
      error.className = "error"; error.dataset.liveError = ""; error.append(...[...fault.childNodes].map((node) => node.cloneNode(true)));
      field.append(error);
      field.classList.add("has-error");
      control.setAttribute("aria-invalid", "true"); control.dataset.liveInvalid = "";
    });
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "preview") place();
    if (event.target.id === "channel-form") { markUnsaved(); form()?.dispatchEvent(new Event("refresh")); }
  });
  document.addEventListener("change", (event) => {
    // The lead stands outside of the form's element, and belongs to it.
    if (event.target.id === "lead-choice") form()?.dispatchEvent(new Event("refresh"));
    const hides = event.target.dataset?.hides;
    if (hides) { const value = document.getElementById(hides); if (value) value.type = event.target.checked ? "password" : "text"; }
  });

  // ---- fields sorted by drag; by keyboard and without JavaScript there are the buttons
  let dragged = null;
  document.addEventListener("pointerdown", (event) => {
    const row = event.target instanceof Element && event.target.closest(".drag")?.closest("[data-row]");
    if (row) row.draggable = true;
  });
  document.addEventListener("pointerup", (event) => { document.querySelectorAll("[data-row][draggable]").forEach((row) => row.removeAttribute("draggable")); });
  document.addEventListener("dragstart", (event) => {
    dragged = event.target instanceof Element ? event.target.closest("[data-row]") : null;
    if (dragged) { dragged.classList.add("is-dragged"); event.dataTransfer.effectAllowed = "move"; }
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && event.target instanceof Element && event.target.closest("[data-row]");
    if (!over || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (over !== dragged) over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
  });
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged"); dragged.removeAttribute("draggable");
    dragged = null;
    markUnsaved();
    form()?.dispatchEvent(new Event("refresh"));
  });
})();
