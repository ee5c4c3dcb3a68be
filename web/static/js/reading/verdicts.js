// Present, absent, doubtful for each finding: chosen by mouse or keys, saved as one reading.
import { ask, Once } from "../api.js";
import { words } from "../words.js";

/** The form of verdicts. `saved()` is called after the reading is saved. */
export class Verdicts {
  constructor(form, lecture, saved, say) {
    this.form = form;
    this.lecture = lecture;
    this.saved = saved;
    this.say = say;
    this.findings = [...form.querySelectorAll(".finding")];
    this.before = JSON.stringify(this.labels);
    this.once = new Once();
    form.addEventListener("focusin", (event) => this.#mark(event.target.closest(".finding")));
    form.addEventListener("change", () => this.#count());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    addEventListener("beforeunload", (event) => {
      if (this.dirty) event.preventDefault();
    });
  }

  /** What is chosen, by CheXpert's names. */
  get labels() {
    const chosen = this.form.querySelectorAll("input[type=radio]:checked");
    return Object.fromEntries(
      [...chosen]
        .filter((input) => input.value !== "none")
        .map((input) => [input.name, Number(input.value)]),
    );
  }

  get dirty() {
    return JSON.stringify(this.labels) !== this.before;
  }

  get current() {
    return this.form.querySelector(".finding.current");
  }

  /** Go to the next (1) or previous (-1) finding. */
  move(step) {
    const at = this.findings.indexOf(this.current);
    const to =
      at === -1
        ? step > 0
          ? 0
          : this.findings.length - 1
        : Math.min(this.findings.length - 1, Math.max(0, at + step));
    this.#mark(this.findings[to]);
    const input = this.findings[to].querySelector("input:checked");
    input.focus({ preventScroll: true });
    this.findings[to].scrollIntoView({ block: "nearest" });
  }

  /** Give the current finding this label ("1", "0", "-1", "none"). */
  choose(value) {
    const input = this.current?.querySelector(`input[value="${value}"]`);
    if (!input || input.disabled) return;
    input.checked = true;
    input.focus({ preventScroll: true });
    this.#count();
  }

  async save() {
    const button = document.getElementById("save");
    if (!button || button.disabled) return;
    const { labels } = this;
    if (Object.keys(labels).length === 0) {
      this.say(words("reading.none_chosen"), "bad");
      return;
    }
    const { model } = this.lecture.dataset;
    button.disabled = true;
    try {
      const body = { labels, answer_visible: model !== "", model: model || null };
      const key = this.once.key(body);
      await ask(`${this.lecture.dataset.api}/validations`, { method: "POST", body, key });
      this.once.done();
      this.before = JSON.stringify(labels);
      this.#count();
      this.say(words("reading.saved"));
      await this.saved();
    } catch (problem) {
      this.say(problem.message, "bad");
    }
    button.disabled = false;
  }

  #mark(finding) {
    if (!finding) return;
    this.findings.forEach((one) => one.classList.toggle("current", one === finding));
  }

  #count() {
    const said = document.getElementById("chosen");
    if (!said) return;
    const { dirty } = this;
    said.closest(".save-bar").dataset.dirty = dirty ? "yes" : "no";
    const count = words("reading.chosen", { count: Object.keys(this.labels).length });
    said.textContent = dirty ? `${count}. ${words("reading.unsaved")}` : count;
  }
}
