// Lists and entries by keyboard alone: j and k move, x ticks, a form opens at its first field. All of it is possible without.
"use strict";

const rows = () => [...document.querySelectorAll("a[data-row]")];

const current = () => document.activeElement?.closest("tr")?.querySelector("a[data-row]");

const move = (step) => {
  const all = rows();
  const at = all.indexOf(current());
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
};

const tick = () => {
  const box = current()?.closest("tr").querySelector("input[type=checkbox]");
  if (box) box.checked = !box.checked;
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const box = event.target.closest("input[type=checkbox]");
  if (!box && event.target.closest("input, select, textarea")) return;
  const act = { j: () => move(1), k: () => move(-1), x: tick }[event.key];
  if (!act || !rows().length) return;
  event.preventDefault();
  act();
});

document.addEventListener("DOMContentLoaded", () => {
  const all = document.querySelector("[data-tick-all]");
  if (all) {
    all.hidden = false;
    all.addEventListener("click", () => {
      const boxes = [...all.form.querySelectorAll("input[name=entry]")];
      const ticks = boxes.some((box) => !box.checked);
      for (const box of boxes) box.checked = ticks;
    });
  }
  // A form that opens is written into at once; one is open at a time.
  for (const one of document.querySelectorAll("details[data-act]")) {
    one.addEventListener("toggle", () => {
      if (!one.open) return;
      for (const other of document.querySelectorAll("details[data-act][open]")) if (other !== one) other.open = false;
      if (!one.querySelector("[aria-invalid]")) one.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    });
    one.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      one.open = false;
      one.querySelector("summary").focus();
    });
  }
});
