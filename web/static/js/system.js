// Système: refreshes itself, and says since when it has had no news.
import { clock, words } from "./words.js";

const EVERY_MS = 4000;
const state = document.getElementById("state");
const fresh = document.getElementById("fresh");
const button = document.getElementById("pause");
let last = new Date();
let paused = false;

async function refresh() {
  if (!paused && !document.hidden) {
    try {
      const response = await fetch(state.dataset.from, {
        credentials: "same-origin",
        signal: AbortSignal.timeout(8000),
      });
      if (response.redirected) {
        location.reload();
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      const html = await response.text();
      const held = document.activeElement?.closest("#state") ? document.activeElement.id : "";
      const made = new DOMParser().parseFromString(html, "text/html");
      state.replaceChildren(...made.body.childNodes);
      if (held) document.getElementById(held)?.focus();
      last = new Date();
      fresh.textContent = words("system.updated", { when: clock(last) });
      delete fresh.dataset.stale;
    } catch {
      fresh.textContent = words("system.stale", { when: clock(last) });
      fresh.dataset.stale = "yes";
    }
  }
  setTimeout(refresh, EVERY_MS);
}

button.addEventListener("click", () => {
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  button.textContent = words(paused ? "system.resume" : "system.pause");
});
fresh.textContent = words("system.updated", { when: clock(last) });
setTimeout(refresh, EVERY_MS);
