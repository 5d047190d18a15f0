"use strict";
// The log renews itself; what is ticked in it stays ticked.
document.addEventListener("htmx:beforeSwap", (event) => {
  const log = event.detail.target;
  if (!log?.hasAttribute("data-keeps-ticks")) return;
  log.ticked = new Set([...log.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value));
});
document.addEventListener("htmx:afterSwap", (event) => {
  const log = event.detail.target;
  if (!log?.ticked) return;
  log.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = log.ticked.has(box.value); });
});
// Nobody looks: nobody asks.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-keeps-ticks]") && document.hidden) event.preventDefault();
});
