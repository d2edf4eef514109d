// A click on a column's head sorts by it; `#sort=mean` in the address does so from the start.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.querySelectorAll("th")];
  const body = table.tBodies[0];
  const key = (row, i) => {
    const text = row.cells[i].dataset.value ?? row.cells[i].textContent;
    const number = Number(text);
    return text.trim() === "" ? -Infinity : Number.isNaN(number) ? text : number;
  };
  const sort = (i, down) => {
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a, i), key(b, i)];
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
    });
    body.append(...rows);
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  heads.forEach((head, i) => {
    head.addEventListener("click", () => sort(i, head.getAttribute("aria-sort") !== "descending"));
  });
  const wanted = new URLSearchParams(location.hash.slice(1)).get("sort");
  const found = heads.findIndex((head) => head.dataset.name === wanted);
  if (found >= 0) sort(found, false);
}
