// The depositor's statement and where the films come from: asked once, remembered for the page.
import { words } from "../words.js";

/** Both forms. `wrong()` says what keeps films from being sent; `said()` goes with each. */
export class Origin {
  constructor(statement, origin) {
    this.statement = statement;
    this.origin = origin;
    for (const form of [statement, origin])
      form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Why nothing may be sent yet, and the focus where it is mended; "" when all is said. */
  wrong() {
    const { statement } = this.statement.elements;
    const { source, licence, sharing } = this.origin.elements;
    if (!statement.checked) return this.#at(statement, "deposit.statement_first");
    if (!source.validity.valid) return this.#at(source, "deposit.source_wrong");
    if (sharing.value === "open" && licence.value === "")
      return this.#at(licence, "deposit.licence_first");
    return "";
  }

  said() {
    const said = [...new FormData(this.statement), ...new FormData(this.origin)];
    return Object.fromEntries(said.filter(([, text]) => text.trim() !== ""));
  }

  #at(field, key) {
    const folded = field.closest("details");
    if (folded) folded.open = true;
    field.focus();
    return words(key);
  }
}
