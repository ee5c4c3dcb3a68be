// Clichés: arrows move between films, the filter's parts that need a finding wait for one.
const grid = document.getElementById("grid");

if (grid) {
  const links = [...grid.querySelectorAll("a")];
  // One stop for Tab, arrows inside: the pattern of a grid.
  links.forEach((link, index) => {
    link.tabIndex = index === 0 ? 0 : -1;
  });
  const columns = () => {
    const top = links[0].offsetTop;
    const second = links.findIndex((link) => link.offsetTop > top + 4);
    return second === -1 ? links.length : second;
  };
  const go = (to) => {
    const target = links[Math.min(links.length - 1, Math.max(0, to))];
    links.forEach((link) => {
      link.tabIndex = link === target ? 0 : -1;
    });
    target.focus();
  };
  grid.addEventListener("focusin", (event) => {
    const link = event.target.closest("a");
    links.forEach((one) => {
      one.tabIndex = one === link ? 0 : -1;
    });
  });
  grid.addEventListener("keydown", (event) => {
    const at = links.indexOf(event.target.closest("a"));
    if (at === -1 || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() }[
      event.key
    ];
    if (step !== undefined) {
      if (at + step >= 0 && at + step < links.length) go(at + step);
    } else if (event.key === "Home") go(0);
    else if (event.key === "End") go(links.length - 1);
    else return;
    event.preventDefault();
  });
  // The reading page walks through this list, in this order.
  sessionStorage.setItem(
    "films",
    JSON.stringify({
      ids: links.map((link) => link.dataset.film),
      list: location.pathname + location.search,
    }),
  );
}

const finding = document.getElementById("finding");
const dependent = [...document.querySelectorAll("[data-needs-finding]")];
const settle = () => {
  for (const part of dependent) {
    part.disabled = finding.value === "";
    if (!part.disabled) continue;
    if (part.matches("optgroup")) {
      if (part.querySelector("option:checked")) part.closest("select").value = "";
    } else part.value = "";
  }
};
finding.addEventListener("change", settle);
settle();
