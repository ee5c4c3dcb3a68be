// One row for each file: its name, its progress, its fate. Drawn at most once a frame.
import { element, words } from "../words.js";

const thumbnail = (film) => `/api/v1/radiographs/${film}/image?rendition=thumbnail`;

/** Draws drops into a list; `retry(drop)` is called when its button is pressed. */
export class Rows {
  constructor(list, retry) {
    this.list = list;
    this.retry = retry;
    this.rows = new Map();
    this.dirty = new Set();
    this.frame = 0;
  }

  draw(drop) {
    this.dirty.add(drop);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const fresh = document.createDocumentFragment();
      for (const one of this.dirty) this.#row(one, fresh);
      this.dirty.clear();
      this.list.append(fresh);
    });
  }

  #row(drop, fresh) {
    let row = this.rows.get(drop);
    if (!row) {
      row = this.#make(drop);
      this.rows.set(drop, row);
      fresh.append(row.item);
    }
    row.item.dataset.state = drop.state;
    row.says.textContent = says(drop);
    row.progress.hidden = drop.state !== "sending";
    row.progress.value = drop.progress ?? 0;
    row.retry.hidden = drop.state !== "unsent" || !drop.file || drop.never === true;
    if (drop.film && row.film !== drop.film && drop.state === "analysed") {
      row.film = drop.film;
      const image = element("img", {
        alt: "",
        width: 48,
        height: 48,
        loading: "lazy",
        decoding: "async",
        src: thumbnail(drop.film),
      });
      row.picture.replaceChildren(image);
      row.link.href = `/cliches/${drop.film}`;
      row.link.hidden = false;
    }
    if (drop.state === "manifest" && drop.receipt && row.link.hidden) {
      row.link.textContent = words("deposit.manifest");
      row.link.ariaLabel = `${words("deposit.manifest")} ${drop.name}`;
      row.link.href = `/depot/manifestes/${drop.receipt}`;
      row.link.hidden = false;
    }
  }

  #make(drop) {
    const picture = element("span", { className: "drop-picture" });
    const says = element("p", { className: "drop-says" });
    const progress = element("progress", { max: 1, value: 0, ariaLabel: drop.name, hidden: true });
    const link = element(
      "a",
      {
        className: "button quiet-button",
        hidden: true,
        ariaLabel: `${words("deposit.open")} ${drop.name}`,
      },
      words("deposit.open"),
    );
    const retry = element(
      "button",
      {
        className: "button quiet-button",
        type: "button",
        hidden: true,
        ariaLabel: `${words("deposit.retry")} ${drop.name}`,
      },
      words("deposit.retry"),
    );
    retry.addEventListener("click", () => this.retry(drop));
    const name = element("p", { className: "drop-name", title: drop.name }, drop.name);
    const item = element(
      "li",
      { className: "drop" },
      picture,
      element("div", {}, name, says, progress),
      element("span", {}, link, retry),
    );
    return { item, picture, says, progress, link, retry, film: "" };
  }
}

function says(drop) {
  const state = words(`state.${drop.state}`);
  if (drop.again) return `${state}, ${words("deposit.again_in", { seconds: drop.again })}`;
  return drop.message ? `${state} : ${drop.message}` : state;
}
