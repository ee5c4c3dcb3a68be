// Dépôt: drop or choose films, see each one sent, received, analysed or refused.
import { words } from "./words.js";
import { About } from "./deposit/about.js";
import { Fate, isFinal } from "./deposit/fate.js";
import { Gestures } from "./deposit/gesture.js";
import { Origin } from "./deposit/origin.js";
import { Rows } from "./deposit/rows.js";
import { Sending } from "./deposit/sending.js";
import { filesOf, isManifest, mayBeFilm } from "./deposit/tree.js";

const find = (id) => document.getElementById(id);
const byReceipt = new Map();
const drops = [];

const fate = new Fate((receipt) => {
  const drop = byReceipt.get(receipt.id);
  if (!drop) return;
  // News of before the upload's answer must not take a state back.
  drop.state = receipt.state;
  drop.film = receipt.radiograph;
  drop.message = messageOf(receipt);
  drop.rows.draw(drop);
  count();
});

// What was deposited before this page was opened.
const recent = find("recent");
if (recent) {
  const rows = new Rows(recent, () => {});
  for (const receipt of JSON.parse(recent.dataset.receipts)) {
    const drop = {
      name: receipt.filename ?? receipt.id.slice(0, 8),
      receipt: receipt.id,
      state: receipt.state,
      film: receipt.radiograph,
      message: messageOf(receipt),
      rows,
    };
    byReceipt.set(receipt.id, drop);
    rows.draw(drop);
    if (!isFinal(receipt.state)) fate.follow([receipt.id]);
  }
}

const zone = find("zone");
if (zone) {
  const limits = {
    file: Number(zone.dataset.fileLimit),
    request: Number(zone.dataset.requestLimit),
    files: Number(zone.dataset.filesLimit),
  };
  const rows = new Rows(find("drops"), (drop) => resend([drop]));
  const about = new About(find("about-form"), find("about-used"));
  const origin = new Origin(find("statement-form"), find("origin-form"));
  const sending = new Sending(limits, (drop) => {
    rows.draw(drop);
    if (drop.state === "received") {
      byReceipt.set(drop.receipt, drop);
      // The film itself is no longer needed here: a thousand of them are a lot of memory.
      drop.file = null;
      fate.follow([drop.receipt]);
    }
    if (drop.state !== "sending") count();
  });
  const resend = (some) => {
    for (const drop of some) drop.state = "waiting";
    some.forEach((drop) => rows.draw(drop));
    sending.add(some);
    count();
  };
  const gestures = new Gestures();
  const take = (files, said) => {
    // The same object for all files of a gesture: they go together.
    said.deposit ??= gestures.of(files.map(([file]) => file.name));
    const made = files.map(([file, name]) => ({
      name,
      file,
      said,
      state: "waiting",
      message: "",
      rows,
    }));
    for (const drop of made) {
      if (drop.file.size > limits.file) {
        const size = Math.ceil(drop.file.size / 2 ** 20);
        Object.assign(drop, {
          state: "unsent",
          never: true,
          message: words("deposit.too_large", { size, limit: Math.round(limits.file / 2 ** 20) }),
        });
      }
      drops.push(drop);
      rows.draw(drop);
    }
    find("sending").hidden = drops.length === 0;
    sending.add(made.filter((drop) => drop.state === "waiting"));
    count();
  };
  const sayLeft = (count) => {
    find("left").textContent = count > 0 ? words("deposit.left", { count }) : "";
  };
  const say = (text) => {
    find("problem").textContent = text;
    find("problem").hidden = text === "";
  };

  for (const [button, input] of [
    ["choose-files", "files"],
    ["choose-folder", "folder"],
  ]) {
    find(button).addEventListener("click", () => {
      const wrong = origin.wrong();
      say(wrong);
      if (wrong === "") find(input).click();
    });
    find(input).addEventListener("change", async (event) => {
      const wrong = origin.wrong();
      say(wrong);
      const chosen = [...event.target.files].filter((file) => !file.name.startsWith("."));
      event.target.value = "";
      if (wrong !== "") return;
      const said = { ...about.take(), ...origin.said() };
      // A file that was chosen by itself is sent whatever it is: it gets its reason.
      const films = await Promise.all(
        chosen.map((file) => !file.webkitRelativePath || isManifest(file.name) || mayBeFilm(file)),
      );
      const files = chosen
        .filter((_, place) => films[place])
        .map((file) => [file, file.webkitRelativePath || file.name]);
      take(files, said);
      about.used(files.length);
      sayLeft(chosen.length - files.length);
    });
  }
  find("retry-all").addEventListener("click", () =>
    resend(drops.filter((drop) => drop.state === "unsent" && !drop.never)),
  );

  // The whole page takes a drop: a film let go beside the zone must not replace the page.
  let inside = 0;
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    inside += 1;
    zone.classList.add("over");
  });
  addEventListener("dragleave", () => {
    inside -= 1;
    if (inside <= 0) zone.classList.remove("over");
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    inside = 0;
    zone.classList.remove("over");
    const wrong = origin.wrong();
    say(wrong);
    if (wrong !== "") return;
    let unreadable = 0;
    let some = [];
    let found = 0;
    const said = { ...about.take(), ...origin.said() };
    let left = 0;
    const files = filesOf(
      event.dataTransfer,
      () => {
        unreadable += 1;
      },
      () => {
        left += 1;
      },
    );
    for await (const file of files) {
      some.push(file);
      found += 1;
      if (some.length === 50) {
        take(some, said);
        some = [];
      }
    }
    take(some, said);
    about.used(found);
    sayLeft(left);
    if (unreadable > 0) say(words("deposit.unreadable", { count: unreadable }));
    else if (found === 0) say(words("deposit.no_file"));
  });
  addEventListener("beforeunload", (event) => {
    if (sending.left > 0) event.preventDefault();
  });
}

/** Why it was refused; else that it was here, in what it disagrees, and that it stays private. */
function messageOf(receipt) {
  if (receipt.reason) return receipt.reason.message;
  const said = [];
  if (receipt.already_here) said.push(words("deposit.already_here"));
  if (receipt.contradicts.length > 0) {
    const facts = receipt.contradicts.map((fact) => words(`deposit.fact.${fact}`)).join(", ");
    said.push(words("deposit.contradicts", { facts }));
  }
  if (receipt.kept_private) said.push(words("deposit.kept_private"));
  return said.join(" ; ");
}

let announced = 0;
let frame = 0;
/** Count again, once a frame: each of a thousand films changes several times. */
function count() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    tally();
  });
}

function tally() {
  const is = (...states) => drops.filter((drop) => states.includes(drop.state)).length;
  const refused = is("rejected", "quarantined", "failed");
  const counts = {
    chosen: drops.length,
    received: drops.length - is("waiting", "sending", "unsent"),
    analysed: is("analysed"),
    refused,
  };
  for (const [name, value] of Object.entries(counts))
    document.querySelector(`[data-count=${name}]`).textContent = value;
  const whole = find("whole");
  whole.max = Math.max(1, drops.length);
  whole.value = counts.analysed + refused + is("unsent", "manifest");
  const unsent = drops.some((drop) => drop.state === "unsent" && !drop.never);
  find("retry-all").hidden = !unsent;
  // Spoken at most every two seconds: a thousand films must not be read out one by one.
  if (!announced && drops.length > 0) {
    announced = setTimeout(() => {
      announced = 0;
      find("summary").textContent = words("deposit.summary", latest());
    }, 2000);
  }
}

function latest() {
  const value = (name) => document.querySelector(`[data-count=${name}]`).textContent;
  return {
    sent: value("chosen"),
    received: value("received"),
    analysed: value("analysed"),
    refused: value("refused"),
  };
}
