// Lecture: the film, its findings, the reader's verdicts, what is alike, what is said.
import { ask, Once, pause } from "./api.js";
import { number, words } from "./words.js";
import { hold } from "./reading/hands.js";
import { shortcuts } from "./reading/keys.js";
import { similarFilms } from "./reading/similar.js";
import { Verdicts } from "./reading/verdicts.js";
import { Viewer } from "./reading/viewer.js";
import { walk } from "./reading/walk.js";

const find = (id) => document.getElementById(id);
const lecture = find("lecture");
const { api, film, inverted } = lecture.dataset;

function say(text, kind = "good") {
  const toast = find("toast");
  toast.textContent = text;
  toast.dataset.kind = kind;
  clearTimeout(say.timer);
  say.timer = setTimeout(
    () => {
      toast.textContent = "";
    },
    kind === "bad" ? 9000 : 4000,
  );
}

// The film
const size = { width: Number(lecture.dataset.width), height: Number(lecture.dataset.height) };
const viewer = new Viewer(find("stage"), find("canvas"), size, () => {
  find("window-width").value = viewer.width;
  find("width-value").value = viewer.width;
  find("window-level").value = viewer.level;
  find("level-value").value = viewer.level;
  find("invert").setAttribute("aria-pressed", String(viewer.inverted));
  find("readout").textContent =
    viewer.zoom > 1 ? words("viewer.zoom", { value: number(viewer.zoom, 1) }) : "";
});
hold(viewer);
picture(`${api}/image?rendition=display&inverted=${inverted}`).then(
  (image) => {
    viewer.setFilm(image);
    find("stage-note").textContent = "";
  },
  () => {
    find("stage-note").textContent = words("viewer.failed");
  },
);
find("zoom-in").addEventListener("click", () => viewer.zoomBy(1.4));
find("zoom-out").addEventListener("click", () => viewer.zoomBy(1 / 1.4));
find("reset").addEventListener("click", () => viewer.reset());
find("invert").addEventListener("click", () => viewer.invert());
find("window-width").addEventListener("input", (event) =>
  viewer.setWindow(Number(event.target.value), viewer.level),
);
find("window-level").addEventListener("input", (event) =>
  viewer.setWindow(viewer.width, Number(event.target.value)),
);
find("opacity").addEventListener("input", (event) => {
  viewer.opacity = Number(event.target.value) / 100;
  viewer.draw();
});

async function picture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

// The heat map: one finding at a time
let mapped = "";
async function showMap(finding) {
  mapped = mapped === finding ? "" : finding;
  for (const button of document.querySelectorAll("[data-map]"))
    button.setAttribute("aria-pressed", String(button.dataset.map === mapped));
  find("legend").hidden = mapped === "";
  if (mapped === "") {
    viewer.setMap(null);
    return;
  }
  find("legend-title").textContent = words("reading.map_of", {
    finding: words(`finding.${finding}`),
  });
  try {
    const image = await picture(`${api}/activation?finding=${encodeURIComponent(finding)}`);
    if (mapped === finding) viewer.setMap(image); // a slow answer must not cover a later choice
  } catch {
    if (mapped === finding) showMap(finding);
    say(words("viewer.map_failed"), "bad");
  }
}
find("verdicts").addEventListener("click", (event) => {
  const button = event.target.closest("[data-map]");
  if (button) showMap(button.dataset.map);
});

// What is drawn on the server is drawn there again after a change: one place knows how.
async function redraw(...ids) {
  const response = await fetch(location.pathname, { credentials: "same-origin" });
  if (!response.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of ids) find(id).replaceChildren(...page.getElementById(id).childNodes);
  return page;
}

const verdicts = new Verdicts(find("verdicts"), lecture, () => redraw("readings"), say);
const loadSimilar = similarFilms(api);
const films = walk(film);

// Comments
const said = new Once();
find("comment-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = find("comment");
  const text = field.value.trim();
  if (text === "") {
    say(words("comments.empty"), "bad");
    field.focus();
    return;
  }
  await tell(async () => {
    const key = said.key({ text });
    await ask(`${api}/comments`, { method: "POST", body: { text }, key });
    said.done();
    field.value = "";
    await redraw("comments");
    say(words("comments.added"));
  });
});
find("comments").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-remove]");
  if (!button || !confirm(find("comments").dataset.confirm)) return;
  await tell(async () => {
    await ask(`/api/v1/comments/${button.dataset.remove}`, { method: "DELETE" });
    await redraw("comments");
    say(words("comments.removed"));
    find("comment")?.focus();
  });
});

// Sharing, for stewards of the film's site
find("share-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { sharing, licence } = event.target.elements;
  if (sharing.value === "open" && licence.value === "") {
    say(words("deposit.licence_first"), "bad");
    licence.focus();
    return;
  }
  await tell(async () => {
    const body = { sharing: sharing.value, licence: licence.value || null };
    await ask(`${api}/sharing`, { method: "PUT", body });
    await redraw("provenance");
    say(words("provenance.saved"));
  });
});

// Erasing, for stewards: a dialogue asks once more, its safe button first
find("erase")?.addEventListener("click", () => find("erase-dialog").showModal());
find("erase-now")?.addEventListener("click", async (event) => {
  const button = event.currentTarget; // gone from the event once we have waited
  button.disabled = true;
  try {
    await ask(api, { method: "DELETE" });
    // Not to be gone back to: there is nothing here any more.
    location.replace(find("list").href);
  } catch (problem) {
    button.disabled = false;
    find("erase-dialog").close();
    say(problem.message, "bad");
  }
});

async function tell(doing) {
  try {
    await doing();
  } catch (problem) {
    say(problem.message, "bad");
  }
}

// A film still being analysed: its findings come by themselves, and choices made meanwhile stay.
async function awaitAnalysis() {
  for (let analysed = false; !analysed;) {
    await pause(document.hidden ? 5000 : 1200);
    analysed = await ask(`${location.pathname}/analyse`).then(
      (answer) => answer.analysed,
      () => false,
    );
  }
  const page = await redraw("model-name");
  if (!page) {
    location.reload();
    return;
  }
  for (const finding of document.querySelectorAll(".finding")) {
    const drawn = page.querySelector(`.finding[data-finding="${finding.dataset.finding}"]`);
    finding.dataset.state = drawn.dataset.state;
    finding
      .querySelector("[data-part=model]")
      .replaceWith(drawn.querySelector("[data-part=model]"));
  }
  lecture.dataset.model = page.getElementById("lecture").dataset.model;
  lecture.dataset.analysed = "yes";
  find("waiting").hidden = true;
  loadSimilar();
}
if (lecture.dataset.analysed === "yes") loadSimilar();
else awaitAnalysis();

const mapOfCurrent = () => {
  const button = verdicts.current?.querySelector("[data-map]");
  if (button) showMap(button.dataset.map);
};
shortcuts({
  "+": () => viewer.zoomBy(1.4),
  "=": () => viewer.zoomBy(1.4),
  "-": () => viewer.zoomBy(1 / 1.4),
  0: () => viewer.reset(),
  i: () => viewer.invert(),
  f: () => viewer.setWindow(viewer.width - 16, viewer.level),
  g: () => viewer.setWindow(viewer.width + 16, viewer.level),
  v: () => viewer.setWindow(viewer.width, viewer.level - 8),
  b: () => viewer.setWindow(viewer.width, viewer.level + 8),
  j: () => verdicts.move(1),
  k: () => verdicts.move(-1),
  p: () => verdicts.choose("1"),
  a: () => verdicts.choose("0"),
  d: () => verdicts.choose("-1"),
  u: () => verdicts.choose("-1"),
  x: () => verdicts.choose("none"),
  c: mapOfCurrent,
  s: () => verdicts.save(),
  n: films.next,
  N: films.previous,
});
