"use strict";
// Without this the list stays as it is: the newest first.
const table = document.querySelector("table.sortable");
const heads = [...table.tHead.rows[0].cells];
const keyOf = (row, place) => row.cells[place].dataset.key ?? row.cells[place].textContent.trim();
heads.forEach((head, place) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const falling = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const body = table.tBodies[0];
    [...body.rows]
      .sort((one, two) => {
        const [a, b] = [keyOf(one, place), keyOf(two, place)];
        if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;  // what is not known stays below
        const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
        return falling ? -order : order;
      })
      .forEach((row) => body.append(row));
  });
});
