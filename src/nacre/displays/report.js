"use strict";
(() => {
  const every = (selector, root = document) => [...root.querySelectorAll(selector)];

  const sortValue = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.sort);
  };

  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));

  const sort = (header, column) => {
    const body = header.closest("table").tBodies[0];
    const numeric = body.rows.length > 0 && typeof sortValue(body.rows[0], column) === "number";
    const was = header.getAttribute("aria-sort");
    const descending = was ? was === "ascending" : numeric;
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sign = descending ? -1 : 1;
    const rows = [...body.rows].sort((a, b) => sign * compare(sortValue(a, column), sortValue(b, column)));
    body.append(...rows);
  };

  for (const table of every(".table table")) {
    if (table.tBodies[0].rows.length < 2) continue;
    every("thead th", table).forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(header, column));
      header.append(button);
    });
  }

  for (const table of every("table[data-search]")) {
    const box = document.createElement("input");
    const rows = [...table.tBodies[0].rows];
    box.type = "search";
    box.placeholder = `Search ${rows.length} rows`;
    box.setAttribute("aria-label", box.placeholder);
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
    table.closest("figure.table").prepend(box);
  }

  const drills = every("details.drill");
  if (drills.length > 1) {
    const button = document.createElement("button");
    button.type = "button";
    const name = () => { button.textContent = drills.every((row) => row.open) ? "Close all rows" : "Open all rows"; };
    button.addEventListener("click", () => {
      const open = !drills.every((row) => row.open);
      for (const row of drills) row.open = open;
      name();
    });
    for (const row of drills) row.addEventListener("toggle", name);
    name();
    document.querySelector("nav.contents").append(button);
  }

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", openTarget);
  openTarget();
  // Hundreds of rows are for the screen; whoever wants them on paper opens them first.
  if (drills.length <= 60) addEventListener("beforeprint", () => { for (const row of drills) row.open = true; });
})();
