"use strict";
(() => {
  const section = document.getElementById("artifacts");
  const filters = section.querySelector(".filters");
  const rows = [...section.querySelectorAll("tbody tr")];
  const [text, kind, pin] = filters.querySelectorAll("input, select");
  const count = filters.querySelector("output");
  const body = section.querySelector("tbody");
  const show = () => {
    const wanted = text.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!kind.value || row.dataset.kind === kind.value) && (!pin.value || row.dataset.pin === pin.value) && row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  section.querySelectorAll("th").forEach((head, column) => {
    let up = false;
    head.style.cursor = "pointer";
    head.addEventListener("click", () => {
      up = !up;
      const value = (row) => row.cells[column].textContent;
      rows.sort((a, b) => value(a).localeCompare(value(b)) * (up ? 1 : -1));
      body.append(...rows);
    });
  });
  filters.hidden = false;
  filters.addEventListener("input", show);
  show();
})();
