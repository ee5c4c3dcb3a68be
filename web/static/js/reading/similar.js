// The twelve most similar films, each with what is suspected or said of it.
import { ask } from "../api.js";
import { element, number, words } from "../words.js";

const COUNT = 12;
const SHOWN = 3;

/** Look-alikes under the film; `load()` asks, and again whenever a choice changes. */
export function similarFilms(api) {
  const form = document.getElementById("similar-form");
  const list = document.getElementById("neighbours");
  const note = document.getElementById("similar-note");
  let asking = null;

  async function load() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const query = new URLSearchParams({
      k: COUNT,
      same_patient: form.same_patient.checked ? "include" : "exclude",
    });
    if (form.finding.value) query.set("finding", form.finding.value);
    note.textContent = words("similar.loading");
    list.setAttribute("aria-busy", "true");
    try {
      const { items } = await ask(`${api}/similar?${query}`, { signal });
      list.replaceChildren(...items.map(neighbour));
      note.textContent = items.length
        ? words("similar.count", { count: items.length })
        : words("similar.none");
    } catch (problem) {
      if (problem.name === "AbortError") return;
      const again = element("button", { type: "button", className: "plain" }, words("retry"));
      again.addEventListener("click", load);
      list.replaceChildren();
      note.replaceChildren(`${words("similar.failed")} ${problem.message} `, again);
    }
    list.removeAttribute("aria-busy");
  }
  form.addEventListener("change", load);
  form.addEventListener("submit", (event) => event.preventDefault());
  return load;
}

// The reading order, as the page's own list of findings has it.
const ORDER = [...document.querySelectorAll("#similar-finding option")].map(
  (option) => option.value,
);
const inOrder = (names) =>
  [...names].sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));

function neighbour(item) {
  const folded = item.duplicates.length;
  const suspected = inOrder(
    item.findings
      .filter((finding) => finding.state === "suspected" && finding.name !== "No Finding")
      .map((finding) => finding.name),
  );
  const said = new Map(
    item.labels
      .filter((label) => label.source === "physician")
      .map((label) => [label.finding, label.label]),
  );
  const lines = [
    element(
      "span",
      { className: "neighbour-similarity" },
      words("similar.value", { value: number(item.similarity, 3) }),
    ),
    ...suspected
      .slice(0, SHOWN)
      .map((finding) =>
        element("span", { className: "neighbour-finding" }, words(`finding.${finding}`)),
      ),
    suspected.length > SHOWN
      ? element(
          "span",
          { className: "quiet" },
          words("films.more", { count: suspected.length - SHOWN }),
        )
      : null,
    suspected.length === 0
      ? element("span", { className: "quiet" }, words("films.none_suspected"))
      : null,
    ...inOrder(said.keys())
      .slice(0, SHOWN)
      .map((finding) =>
        element(
          "span",
          { className: "neighbour-label", "data-label": said.get(finding) },
          `${words(`finding.${finding}`)} : ${words(`label.${said.get(finding)}`)}`,
        ),
      ),
    folded
      ? element(
          "span",
          { className: "folded" },
          words(folded === 1 ? "similar.duplicate" : "similar.duplicates", { count: folded }),
        )
      : null,
  ];
  const image = element("img", {
    src: `/api/v1/radiographs/${item.id}/image?rendition=thumbnail`,
    alt: "",
    width: 256,
    height: 256,
    loading: "lazy",
    decoding: "async",
  });
  const link = element(
    "a",
    { href: `/cliches/${item.id}` },
    image,
    element("span", { className: "neighbour-words" }, ...lines.filter(Boolean)),
  );
  return element("li", { className: "neighbour" }, link);
}
