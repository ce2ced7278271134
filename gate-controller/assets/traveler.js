// The traveler screen: shows one instruction, in the language that the traveler tapped.
import { page, speak, text, follow } from "./page.js";

const IDLE_MS = 20000; // after this without a tap, an idle gate returns to its own language
const OUT_OF_SERVICE = { instruction: "out_of_service", reason: null, progress: null, language: null };
const find = (id) => document.getElementById(id);
let view = OUT_OF_SERVICE;
let tapped = 0; // when the traveler chose a language; 0: not at all
let preset = null; // the language that the gate asked for

function draw() {
  const name = view.instruction.replaceAll("_", "-");
  for (const picture of document.querySelectorAll("[data-pictogram]")) {
    const shown = picture.dataset.pictogram === name;
    picture.toggleAttribute("hidden", !shown);
    if (shown) document.body.dataset.tone = picture.dataset.tone;
  }
  document.body.dataset.instruction = name;
  find("instruction").textContent = text(`traveler-${name}`);
  find("hint").textContent = text(`traveler-${name}-hint`);
  const reason = view.reason ? text(`reason-${view.reason}-traveler`) : "";
  find("reason").textContent = reason;
  find("reason").hidden = !reason;
  find("hint").hidden = Boolean(reason);
  const progress = find("progress");
  progress.hidden = view.progress === null;
  if (view.progress !== null) progress.value = view.progress;
  for (const button of find("languages").children) button.setAttribute("aria-pressed", String(button.lang === page.language));
}

async function change(language) {
  await speak(language).catch(() => {});
  draw();
}

function languageBar() {
  find("languages").replaceChildren(...page.languages.map(([code, name]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.lang = code;
    button.textContent = name;
    button.addEventListener("click", () => { tapped = Date.now(); change(code); });
    return button;
  }));
}

function see(next) {
  view = next;
  const wanted = next.language;
  if (wanted !== preset) {
    preset = wanted;
    if (!tapped) change(wanted ?? "default");
  }
  draw();
}

setInterval(() => {
  const idle = ["present_document", "out_of_service"].includes(view.instruction);
  if (!idle) { if (tapped) tapped = Date.now(); return; }
  if (tapped && Date.now() - tapped > IDLE_MS) { tapped = 0; change(preset ?? "default"); }
}, 1000);

async function begin() {
  try { await speak("default"); } catch { setTimeout(begin, 1000); return; }
  languageBar();
  draw();
  follow("/traveler/events", see, () => { view = OUT_OF_SERVICE; draw(); });
}
begin();
