// What may be said of the next files: patient code, exam date, view. Sent with them, kept nowhere.
import { words } from "../words.js";

/** The form's fields. `take()` gives what they say and empties them; `used(count)` says so. */
export class About {
  constructor(form, status) {
    this.form = form;
    this.status = status;
    this.taken = false;
    const { patient } = form.elements;
    patient.addEventListener("input", () => this.#settle());
    // There is nothing to send by itself: Enter must not load the page anew.
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#settle();
  }

  /** What is said, as fields to send: the same object for every file of one drop. */
  take() {
    const said = Object.fromEntries(
      [...new FormData(this.form)].filter(([, text]) => text.trim() !== ""),
    );
    this.taken = Object.keys(said).length > 0;
    // Left standing, it would name the next patient's films after this one.
    this.form.reset();
    this.#settle();
    return said;
  }

  used(count) {
    this.status.textContent =
      this.taken && count > 0 ? words("deposit.about_used", { count }) : "";
  }

  /** A date is shifted by its patient's weeks: without a patient it could not be kept. */
  #settle() {
    const { patient, exam_date: day } = this.form.elements;
    day.disabled = patient.value.trim() === "";
    if (day.disabled) day.value = "";
  }
}
