"use strict";
(() => {
  const table = document.getElementById("components");
  if (!table) return;
  const bodies = [...table.tBodies];
  const rows = bodies.flatMap((body) => [...body.rows].slice(1));
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const [find, pin, aside, shown] = ["find", "pin", "aside", "shown"].map((id) => document.getElementById(id));

  const filter = () => {
    const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      row.hidden = (!aside.checked && "aside" in row.dataset) || (pin.value && row.dataset.pin !== pin.value)
        || !wanted.every((word) => words.get(row).includes(word));
    }
    for (const body of bodies) body.hidden = [...body.rows].slice(1).every((row) => row.hidden);
    shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
  };

  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim().toLowerCase();
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const sort = (column, heading) => {
    const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    for (const body of bodies) {
      body.append(...[...body.rows].slice(1).sort((a, b) => direction * compare(key(a, column), key(b, column))));
    }
  };

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(column, heading));
    heading.replaceChildren(button);
  });

  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target instanceof HTMLDetailsElement) target.open = true;
    if (target.hidden) {
      find.value = pin.value = "";
      aside.checked = true;
      filter();
      target.scrollIntoView();
    }
  };

  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const control of [find, pin, aside]) control.addEventListener("input", filter);
  addEventListener("hashchange", reveal);
  document.getElementById("filters").hidden = false;
  filter();
  reveal();
})();
