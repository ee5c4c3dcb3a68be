// Quarantaine: black out, let pass, refuse.
import { ask } from "./api.js";
import { Masks } from "./quarantine/masks.js";
import { words } from "./words.js";

const said = document.getElementById("said");
const problem = document.getElementById("problem");

async function decide(item, what, body, done) {
  const buttons = [...item.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  problem.hidden = true;
  try {
    await ask(`/api/v1/receipts/${item.dataset.receipt}/${what}`, { method: "POST", body });
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    said.textContent = words(done);
    said.hidden = false;
    if (next) next.querySelector("[data-do=mask]").focus();
    else document.getElementById("empty").hidden = false;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    for (const button of buttons) button.disabled = false;
  }
}

for (const item of document.querySelectorAll(".held")) {
  const count = item.querySelector("[data-count]");
  const masks = new Masks(item.querySelector(".held-film"), (number) => {
    count.textContent = number ? words("quarantine.masks", { count: number }) : "";
  });
  item.querySelector("[data-do=mask]").addEventListener("click", () => masks.add().focus());
  item.querySelector("form[data-do=release]").addEventListener("submit", (event) => {
    event.preventDefault();
    decide(item, "release", { black_out: masks.list() }, "quarantine.released");
  });
  item.querySelector("form[data-do=refuse]").addEventListener("submit", (event) => {
    event.preventDefault();
    const note = event.target.elements.note.value.trim();
    if (note) decide(item, "refuse", { note }, "quarantine.refused");
  });
}
